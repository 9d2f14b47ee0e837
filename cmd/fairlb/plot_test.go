package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/runfolder"
)

// trainValidated trains a small run of es into a folder.
func trainValidated(t *testing.T, dir, seeds string, more ...string) {
	t.Helper()
	args := []string{"train", "es", "--set", "episodes=8", "--set", "episodes_per_round=2", "--set", "episode_duration=5",
		"--set", "checkpoint_every=1", "--set", "validation_seeds=" + seeds, "--out", dir}
	_, _, err := command(t, append(args, more...)...)
	require.NoError(t, err)
}

// TestPlotValidation: the learning curve of a run with validation seeds is of
// what it does without exploring, over SED's time.
func TestPlotValidation(t *testing.T) {
	t.Chdir(t.TempDir())
	for dir, seeds := range map[string]string{"plain": "", "validated": "500-501"} {
		trainValidated(t, dir, seeds)
		_, curve, err := runfolder.Curve(dir)
		require.NoError(t, err)
		require.Equal(t, dir == "validated", curve.Greedy)
		require.Len(t, curve.Episodes, 4)
		_, _, err = command(t, "plot", dir, "--compare", "sed", "--out", dir+".svg")
		require.NoError(t, err)
		svg, err := os.ReadFile(dir + ".svg")
		require.NoError(t, err)
		want := "plain, agents while they explore"
		if curve.Greedy {
			want = "validated, without exploring, in validation"
		}
		require.Contains(t, string(svg), want)
		require.Equal(t, curve.Greedy, strings.Contains(string(svg), "over sed"))
	}
}

// TestPlotRecipes: runs of two recipes that are validated on the same episodes are drawn
// together, and again from their data; others are not.
func TestPlotRecipes(t *testing.T) {
	t.Chdir(t.TempDir())
	trainValidated(t, "es-seed1", "500-501")
	trainValidated(t, "es-seed2", "500-501", "--seed", "2")
	trainValidated(t, "slow-seed1", "500-501", "--set", "es.rate=0.01")
	trainValidated(t, "elsewhere", "500-501", "--set", "scenario=sim-moderate/50-50")
	trainValidated(t, "others", "502-503", "--set", "es.rate=0.01")
	for _, out := range []string{"curve.csv", "curve.svg"} {
		_, _, err := command(t, "plot", "es-seed1", "es-seed2", "slow-seed1", "--compare", "sed,lsq", "--out", out)
		require.NoError(t, err)
	}
	_, _, err := command(t, "figures", "recorded", "curve.csv", "--out", "again.svg")
	require.NoError(t, err)
	want, err := os.ReadFile("curve.svg")
	require.NoError(t, err)
	got, err := os.ReadFile("again.svg")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
	for _, text := range []string{">es, without exploring, in validation: mean and range of 2 runs<", ">slow, ", ">lsq<"} {
		require.Contains(t, string(got), text)
	}
	for _, other := range []string{"elsewhere", "others"} {
		_, _, err = command(t, "plot", "es-seed1", other)
		require.ErrorContains(t, err, other+": is of another recipe")
	}
	require.NoError(t, os.CopyFS("more/es-seed1", os.DirFS("slow-seed1")))
	_, _, err = command(t, "plot", "es-seed1", "more/es-seed1")
	require.ErrorContains(t, err, `es-seed1 and more/es-seed1: are of two recipes, and both would be called "es"`)
}
