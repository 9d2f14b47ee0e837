package report_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
	"fairlb/eval/rows"
)

// TestRecordsAgree: what is said of a whole recorded file stands in each of its records; one
// that says something else is refused, and what is committed is read.
func TestRecordsAgree(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file    string
		read    func(*rows.File) error
		columns []string
	}{
		{"figures/figure-2a.csv", reads(figure.FairWeightsOf), []string{"window_s"}},
		{"figures/figure-10a.csv", reads(figure.BufferGrowthOf), []string{"scenario", "method", "episode_s"}},
		{"figures/figure-9.csv", reads(figure.ProbingOf), []string{"environment", "scenario", "target", "servers", "lbs", "episode_s", "episodes"}},
		{"figures/figure-12a.csv", reads(figure.CapacityChangeOf), []string{"scenario", "environment", "changes_s", "seeds"}},
		{"theory/figure-2b.csv", reads(figure.WeightedDurationsOf), []string{"queue"}},
		{"live/curve-apache-1x.csv", reads(figure.ServiceCurveOf), []string{"servers", "cpus", "speed", "workers", "backlog", "quota_period_s"}},
		{"studies/team-credit-learning.csv", reads(figure.LearningOf), []string{"scenario"}},
	} {
		data, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(test.file)))
		require.NoError(t, err)
		file, err := rows.Read(test.file, bytes.NewReader(data))
		require.NoError(t, err)
		require.NoError(t, test.read(file), test.file)
		for _, column := range test.columns {
			records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
			require.NoError(t, err)
			k := slices.Index(records[0], column)
			require.GreaterOrEqual(t, k, 0, "%s: %s", test.file, column)
			records[len(records)-1][k] += "1"
			var changed bytes.Buffer
			require.NoError(t, csv.NewWriter(&changed).WriteAll(records))
			file, err := rows.Read(test.file, &changed)
			require.NoError(t, err)
			err = test.read(file)
			require.ErrorContains(t, err, column+" = ", test.file)
			require.ErrorContains(t, err, "must be that of the first record", test.file)
		}
	}
}

// reads is a reader whose result does not matter.
func reads[T any](read func(*rows.File) (T, error)) func(*rows.File) error {
	return func(f *rows.File) error {
		_, err := read(f)
		return err
	}
}
