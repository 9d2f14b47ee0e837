package scenario

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestContentHash: where a trace or a scenario lies does not count, what is in it
// does.
func TestContentHash(t *testing.T) {
	dir := t.TempDir()
	trace := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		return path
	}
	hash := func(path string, more ...string) string {
		s, err := Load("for-loop", append([]string{"workload.trace=" + path}, more...))
		require.NoError(t, err)
		require.Equal(t, []string{path}, s.Traces())
		h, err := s.ContentHash()
		require.NoError(t, err)
		require.Equal(t, path, s.Workload.Trace, "the scenario is left as it was")
		return h
	}
	one, same, other := trace("one.tsv", "time\tquery\n1\t/?n=1\n"), trace("same.tsv", "time\tquery\n1\t/?n=1\n"), trace("other.tsv", "time\tquery\n1\t/?n=2\n")
	require.Equal(t, hash(one), hash(same))
	require.NotEqual(t, hash(one), hash(other))
	require.NotEqual(t, hash(one), hash(one, "lbs=3"))
	require.Equal(t, hash(one), hash(one, "name=x"))
	before := hash(one)
	trace("one.tsv", "time\tquery\n1\t/?n=1\n2\t/?n=1\n")
	require.NotEqual(t, before, hash(one), "the file was changed")
	s, err := Load("for-loop", []string{"workload.trace=" + filepath.Join(dir, "none.tsv")})
	require.NoError(t, err)
	_, err = s.ContentHash()
	require.ErrorIs(t, err, os.ErrNotExist)

	stage, err := Load("sim-moderate/pure-cpu", []string{"workload.classes[0].stages[0].law=trace", "workload.classes[0].stages[0].trace=" + same})
	require.NoError(t, err)
	require.Equal(t, []string{same}, stage.Traces())
	plain, err := Load("sim-moderate/pure-cpu", nil)
	require.NoError(t, err)
	a, err := plain.ContentHash()
	require.NoError(t, err)
	b, err := stage.ContentHash()
	require.NoError(t, err)
	require.NotEqual(t, a, b)

	for ties, same := range map[string]bool{"": true, "fair": true, "plugin": false, "ordered": false} {
		s, err := Load("sim-moderate/pure-cpu", []string{"ties=" + ties})
		require.NoError(t, err)
		b, err := s.ContentHash()
		require.NoError(t, err)
		require.Equal(t, same, a == b, "ties %q", ties)
		require.Equal(t, ties, s.Ties, "the scenario is left as it was")
	}
}
