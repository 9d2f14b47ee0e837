package settings_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/settings"
)

// TestManyFaults: of ten thousand faults the first twenty are said, and how many
// more there are; all of them are in the error.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for k := range 10000 {
		fmt.Fprintf(&text, "wrong%d: 1\n", k)
	}
	var into struct {
		Name string `yaml:"name"`
	}
	err := settings.Load("many.yaml", []byte(text.String()), nil, &into)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 21)
	require.Equal(t, "many.yaml:1:1: wrong0: unknown field (fields: name)", lines[0])
	require.Equal(t, "many.yaml:20:1: wrong19: unknown field (fields: name)", lines[19])
	require.Equal(t, "and 9980 more faults", lines[20])
	var all settings.Errors
	require.True(t, errors.As(err, &all))
	require.Len(t, all, 10000)
}

// TestLongValue: a value of a megabyte is cut in the middle.
func TestLongValue(t *testing.T) {
	t.Parallel()
	var into struct {
		Count int `yaml:"count"`
	}
	err := settings.Load("long.yaml", nil, []string{"count=begin" + strings.Repeat("x", 1<<20-20) + "end"}, &into)
	require.Error(t, err)
	require.Less(t, len(err.Error()), 200)
	require.Regexp(t, `^--set: count = begin[x]+\.\.\.[x]+end: must be an integer$`, err.Error())
}

// TestSuggestion: near names, with exchanged letters, and none that is not near.
func TestSuggestion(t *testing.T) {
	t.Parallel()
	names := []string{"sed", "lsq", "train", "sim-moderate/pure-cpu", "2a", "8"}
	for _, test := range []struct{ name, want string }{
		{"sde", "sed"}, {"trian", "train"}, {"Train", "train"}, {"sim_moderate/purecpu", "sim-moderate/pure-cpu"}, {"2b", "2a"},
		{"nowhere", ""}, {"9", ""}, {"", ""}, {strings.Repeat("train", 1<<18), ""},
	} {
		require.Equal(t, test.want, settings.Nearest(test.name, names), test.name[:min(20, len(test.name))])
	}
	require.Equal(t, ` (did you mean "sed"?)`, settings.Suggestion("sde", names))
	require.Empty(t, settings.Suggestion("nowhere", names))
}
