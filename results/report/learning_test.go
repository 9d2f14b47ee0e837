package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
	"fairlb/eval/figure/figuretest"
	"fairlb/eval/rows"
	"fairlb/results/report"
)

// TestLearningAgain: what was written is read back, and what is no such file is refused.
func TestLearningAgain(t *testing.T) {
	t.Parallel()
	want := figuretest.Learning()
	want.Methods[1].Curves[0].Episodes[2] = 1000000
	var file bytes.Buffer
	require.NoError(t, report.WriteLearningCSV(&file, want))
	require.Contains(t, file.String(), "\nmisweighted/1.0,self-tuning,,,1.75\n")
	require.Contains(t, file.String(), "\nmisweighted/1.0,distr-lb-team,2,192,1.625\n")
	require.Contains(t, file.String(), "\nmisweighted/1.0,es,1,1000000,1.5\n")
	read := func(text string) (*figure.Learning, error) {
		f, err := rows.Read("learning.csv", strings.NewReader(text))
		require.NoError(t, err)
		return figure.LearningOf(f)
	}
	got, err := read(file.String())
	require.NoError(t, err)
	require.Equal(t, want, got)
	for old, fault := range map[string][2]string{
		",1,128,1.75":              {",1,64,1.75", `record 5: episodes = "64": must be above 0 and rise`},
		",2,64,2.25":               {",2,0,2.25", `record 7: episodes = "0": must be above 0 and rise`},
		",,,1.75":                  {",,,-1", `record 3: validation_s = "-1": must be above 0`},
		",2,192,1.625":             {",2,x,1.625", "record 9: episodes"},
		"misweighted/1.0,es,1,128": {"cpu,es,1,128", `record 11: scenario = "cpu": must be that of the first record`},
	} {
		require.Contains(t, file.String(), old)
		_, err := read(strings.Replace(file.String(), old, fault[0], 1))
		require.ErrorIs(t, err, rows.ErrUnreadable, old)
		require.ErrorContains(t, err, fault[1])
	}
}
