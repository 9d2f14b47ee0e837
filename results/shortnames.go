package results

import (
	"fmt"
	"path/filepath"
	"strings"
)

// labelWidth is the greatest width, in characters, of what a picture or a table
// calls a run.
const labelWidth = 48

// shortNames returns what pictures and tables call targets. Of the path of a
// run's folder these are the last elements, as many as tell it from the others;
// a checkpoint's file is called as its folder, if no other is in it. What is
// longer than labelWidth lacks its middle, and a number tells apart what is the
// same then.
func shortNames(names []string) []string {
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
		out[k] = elide(whole, "")
		for n := 2; used[out[k]]; n++ {
			out[k] = elide(whole, fmt.Sprintf(" (%d)", n))
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

// elide returns a text in at most labelWidth characters, with an ending. Of a
// longer one it leaves out the middle and keeps more of the end, where runs are
// told apart.
func elide(text, ending string) string {
	const front = 12
	runes := []rune(text)
	room := labelWidth - len([]rune(ending))
	if len(runes) <= room {
		return text + ending
	}
	return string(runes[:front]) + "…" + string(runes[len(runes)-(room-front-1):]) + ending
}
