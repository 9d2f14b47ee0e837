package text

import (
	"fmt"
	"path/filepath"
	"strings"
)

// The longest label, and how much of the beginning remains of a longer name.
const (
	labelWidth = 48
	labelFront = 12
)

// Labels returns what pictures and tables call targets, which are names of
// methods or paths of runs. The label of the path of a run's folder is its last
// elements, as many as tell it from the others; that of a checkpoint's file is
// its folder's, if no other target is in it. A label that would be longer than 48
// characters is shortened, and a number tells apart those that are the same then.
func Labels(names []string) []string {
	folders := map[string]int{} // targets by the folder that they are, or are in
	for _, name := range names {
		folders[runFolder(name)]++
	}
	parts, taken := make([][]string, len(names)), make([]int, len(names))
	for k, name := range names {
		path, least := filepath.Clean(name), 1
		if folder := runFolder(name); folder != path {
			if folders[folder] == 1 {
				path = folder
			} else {
				least = 2
			}
		}
		parts[k], taken[k] = strings.Split(filepath.ToSlash(path), "/"), least
	}
	out := make([]string, len(names))
	for again := true; again; {
		again = false
		count := map[string]int{}
		for k := range names {
			out[k] = strings.Join(parts[k][len(parts[k])-taken[k]:], "/")
			count[out[k]]++
		}
		for k := range names {
			if count[out[k]] > 1 && taken[k] < len(parts[k]) {
				taken[k]++
				again = true
			}
		}
	}
	used := map[string]bool{}
	for k := range out {
		whole := out[k]
		out[k] = Shorten(whole, labelWidth, labelFront)
		for n := 2; used[out[k]]; n++ {
			number := fmt.Sprintf(" (%d)", n)
			out[k] = Shorten(whole, labelWidth-len(number), labelFront) + number
		}
		used[out[k]] = true
	}
	return out
}

// runFolder returns the folder of a checkpoint's file; any other target is
// taken for a folder itself.
func runFolder(name string) string {
	path := filepath.Clean(name)
	if dir := filepath.Dir(path); filepath.Ext(path) == ".safetensors" && dir != "." {
		return dir
	}
	return path
}
