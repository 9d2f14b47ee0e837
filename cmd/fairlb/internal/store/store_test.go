package store

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/scenario"
)

// searcher is an executor of searches alone.
type searcher struct{ Executor }

func (searcher) Search(ctx context.Context, x *job.Search) (fixedweights.Found, error) {
	return fixedweights.Search(ctx, x.Scenario, x.Settings, progress.None{})
}

// modified returns the modification times of all files below a folder.
func modified(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	times := map[string]int64{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		times[path] = info.ModTime().UnixNano()
		return err
	}))
	return times
}

// TestSearch: a search is made once for what it depends on, and a file
// that is no record of one is refused.
func TestSearch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "weights")
	kept := New(t.TempDir(), searcher{})
	settings := fixedweights.DefaultSettings()
	settings.Episodes = 2
	find := func(set ...string) (fixedweights.Found, error) {
		s, err := scenario.Load("sim-moderate/pure-cpu", append([]string{"duration=5"}, set...))
		require.NoError(t, err)
		search, err := job.NewSearch(s, settings)
		require.NoError(t, err)
		return kept.Search(t.Context(), &search, dir)
	}
	first, err := find()
	require.NoError(t, err)
	before := modified(t, dir)
	require.Len(t, before, 1)
	second, err := find()
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, before, modified(t, dir))
	_, err = find("servers[0].speed=2")
	require.NoError(t, err)
	require.Len(t, modified(t, dir), 2)

	for path := range before {
		require.NoError(t, os.WriteFile(path, []byte("{}"), 0o666))
	}
	_, err = find()
	require.ErrorContains(t, err, "is not the record of a search of weights")
	require.True(t, invalid.Is(err))
}
