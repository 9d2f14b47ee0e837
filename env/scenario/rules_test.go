package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBadFiles: each file in testdata/bad breaks a rule, or a few at once, and
// begins with the faults that it is told of, line by line, behind "# want: "
// and without its name.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	require.NoError(t, err)
	require.Greater(t, len(files), 50)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var want []string
		for line := range strings.Lines(string(data)) {
			if fault, ok := strings.CutPrefix(line, "# want: "); ok {
				want = append(want, file+":"+strings.TrimSuffix(fault, "\n"))
			}
		}
		require.NotEmpty(t, want, file)
		_, err = Load(file, nil)
		require.Error(t, err, file)
		require.Equal(t, want, strings.Split(err.Error(), "\n"))
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		set  []string
		want string
	}{
		{"sim-moderate/pure", nil, `scenario "sim-moderate/pure": neither a file nor a built-in scenario (fairlb scenarios lists them; did you mean "sim-moderate/pure-cpu"?)`},
		{"none.yaml", nil, "scenario: none.yaml: no such file"},
		{"for-loop", []string{"lbs=0"}, "--set: lbs = 0: must be in [1, 1000]"},
		{"for-loop", []string{"lbs"}, "--set: lbs: an override must have the form path=value"},
		{"for-loop", []string{"servers[2].cpus=1"}, "--set: servers[2]: index out of range: there are 2 elements"},
		{"for-loop", []string{"workload.arrivals.rates=1"}, `--set: workload.arrivals.rates: unknown field (did you mean "rate"?)`},
	} {
		_, err := Load(test.name, test.set)
		require.ErrorContains(t, err, test.want)
		require.NotContains(t, err.Error(), "\n")
	}
}
