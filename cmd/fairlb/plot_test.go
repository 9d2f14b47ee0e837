package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/runfolder"
)

// TestPlotValidation: the learning curve of a run with validation seeds is of
// what it does without exploring.
func TestPlotValidation(t *testing.T) {
	t.Chdir(t.TempDir())
	for dir, seeds := range map[string]string{"plain": "", "validated": "500-501"} {
		_, _, err := command(t, "train", "es", "--set", "episodes=8", "--set", "episodes_per_round=2", "--set", "episode_duration=5",
			"--set", "checkpoint_every=1", "--set", "validation_seeds="+seeds, "--out", dir)
		require.NoError(t, err)
		_, curve, err := runfolder.Curve(dir)
		require.NoError(t, err)
		require.Equal(t, dir == "validated", curve.Greedy)
		require.Len(t, curve.Episodes, 4)
		_, _, err = command(t, "plot", dir, "--compare", "sed", "--out", dir+".svg")
		require.NoError(t, err)
		svg, err := os.ReadFile(dir + ".svg")
		require.NoError(t, err)
		want := "agents while they explore"
		if curve.Greedy {
			want = "agents without exploring, in validation"
		}
		require.Contains(t, string(svg), want)
	}
}
