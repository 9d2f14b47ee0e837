package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRatiosPicture: the picture at the top of README.md is what `make ratios`
// draws of the studies that are recorded.
func TestRatiosPicture(t *testing.T) {
	root := filepath.Join("..", "..")
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	recipe := regexp.MustCompile(`(?s)\nratios: build\n\t\./\$\(BIN\) (.*?)\n\n`).FindSubmatch(makefile)
	require.NotNil(t, recipe)
	args := strings.Fields(strings.ReplaceAll(string(recipe[1]), "\\\n", " "))
	for k, arg := range args {
		if strings.HasPrefix(arg, "results/") {
			args[k] = filepath.Join(root, arg)
		}
	}
	committed := args[len(args)-1]
	args[len(args)-1] = filepath.Join(t.TempDir(), "ratios.png")
	_, _, err = command(t, args...)
	require.NoError(t, err)
	decode := func(path string) image.Image {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		picture, err := png.Decode(bytes.NewReader(data))
		require.NoError(t, err)
		return picture
	}
	got, want := decode(args[len(args)-1]), decode(committed)
	require.Equal(t, want.Bounds(), got.Bounds())
	if runtime.GOARCH != "amd64" {
		t.Skip("edges are rounded differently where multiplications and additions are fused")
	}
	require.Equal(t, want, got, "make ratios draws another picture than the committed one")
}

// TestStudyRatiosFaults: what cannot be drawn is refused as invalid input.
func TestStudyRatiosFaults(t *testing.T) {
	csv := filepath.Join("..", "..", "results", "studies", "moderate.csv")
	out := filepath.Join(t.TempDir(), "x.svg")
	bad := filepath.Join(t.TempDir(), "bad.csv")
	require.NoError(t, os.WriteFile(bad, []byte("scenario,target,family,mean_s\npure-cpu,sed,,1\n"), 0o666))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{csv, "--out", "x.txt"}, "must end in .svg, .png or .pdf"},
		{[]string{csv, "--out", out, "--targets", "lsq,esx"}, `--targets: "esx": must be one of wcmp, lsq`},
		{[]string{csv, bad, "--out", out}, "did not meet the same arrivals"},
		{[]string{filepath.Join(t.TempDir(), "none.csv"), "--out", out}, "no such file"},
		{[]string{"../../README.md", "--out", out}, "README.md"},
	} {
		_, _, err := command(t, append([]string{"study", "ratios"}, test.args...)...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err), "%v", err)
	}
	require.NoFileExists(t, out)
}
