package main

import (
	"bytes"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// drawings are the commands of `make figures`, each with the picture that its last
// argument names, as a path from the module's folder.
func drawings(t *testing.T) [][]string {
	t.Helper()
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	require.NoError(t, err)
	recipe := regexp.MustCompile(`\nfigures: build\n((?:\t.*\n)+)`).FindSubmatch(makefile)
	require.NotNil(t, recipe)
	var list [][]string
	for line := range strings.Lines(string(recipe[1])) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "./$(BIN) ")
		require.True(t, ok, "%s", line)
		list = append(list, strings.Fields(args))
	}
	return list
}

// decodePicture reads a PNG file.
func decodePicture(t *testing.T, path string) image.Image {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	picture, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	return picture
}

// TestCommittedPictures: `make figures` draws the committed pictures again, dot for
// dot, of the records that are committed.
func TestCommittedPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine draws, and is slow under the race detector")
	}
	root := filepath.Join("..", "..")
	for _, args := range drawings(t) {
		for k, arg := range args {
			if strings.HasPrefix(arg, "results/") {
				args[k] = filepath.Join(root, arg)
			}
		}
		committed := args[len(args)-1]
		args[len(args)-1] = filepath.Join(t.TempDir(), filepath.Base(committed))
		_, _, err := command(t, args...)
		require.NoError(t, err)
		got, want := decodePicture(t, args[len(args)-1]), decodePicture(t, committed)
		require.Equal(t, want.Bounds(), got.Bounds())
		if runtime.GOARCH != "amd64" {
			t.Skip("edges are rounded differently where multiplications and additions are fused")
		}
		// The dots are many: a difference of them is not for people.
		require.True(t, reflect.DeepEqual(want, got), "make figures draws another picture than %s", committed)
	}
}

// TestNoOtherPictures: every committed picture is drawn by `make figures`, and its
// folder has a README that shows it.
func TestNoOtherPictures(t *testing.T) {
	root := filepath.Join("..", "..")
	var drawn, found []string
	for _, args := range drawings(t) {
		drawn = append(drawn, args[len(args)-1])
	}
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "results"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".png", ".svg", ".pdf"}, filepath.Ext(path)) {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		readme, err := os.ReadFile(filepath.Join(filepath.Dir(path), "README.md"))
		if err != nil {
			return err
		}
		require.Contains(t, string(readme), filepath.Base(path), "the README beside %s does not show it", name)
		require.Contains(t, string(readme), "make figures", "the README beside %s does not name what draws it", name)
		found = append(found, name)
		return nil
	}))
	require.ElementsMatch(t, drawn, found)
}

// TestRecordedFigureFaults: what cannot be drawn is refused as invalid input.
func TestRecordedFigureFaults(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.svg")
	csv := filepath.Join("..", "..", "results", "figures", "figure-10a.csv")
	data, err := os.ReadFile(csv)
	require.NoError(t, err)
	bad := filepath.Join(t.TempDir(), "bad.csv")
	require.NoError(t, os.WriteFile(bad, bytes.Replace(data, []byte("1030560"), []byte("-7"), 1), 0o666))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{csv, "--out", "x.txt"}, "must end in .svg, .png or .pdf"},
		{[]string{filepath.Join(t.TempDir(), "none.csv"), "--out", out}, "no such file"},
		{[]string{bad, "--out", out}, `bad.csv: record 2: memory_bytes = "-7": must be a whole number, not negative`},
		{[]string{"../../results/studies/web.csv", "--out", out}, "web.csv: must be the CSV of figure 2a, 2b, 4b, 8, 9, 10a, 10b, 11 or 12a, of fit web-mix, of testbed curve, of theory complexity, of plot or of a table, or the JSON of an evaluation"},
		{[]string{"../../train/schema/scenario.json", "--out", out}, "scenario.json: has no results"},
		{[]string{"../../README.md", "--out", out}, "README.md"},
	} {
		_, _, err := command(t, append([]string{"figures", "recorded"}, test.args...)...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err), "%v", err)
	}
	require.NoFileExists(t, out)
}
