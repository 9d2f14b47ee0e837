package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
	"fairlb/eval/study"
	"fairlb/results/report"
)

// studyResult is one of three seeds.
func studyResult(p99 float64, seeds ...float64) eval.Result {
	f := eval.Figures{Class: eval.AllClasses, N: 100, Failed: 1, P50: 0.5, P90: 2, P99: p99, PerSeed: seeds}
	for _, x := range seeds {
		f.Mean += x / float64(len(seeds))
	}
	return eval.Result{Classes: eval.Classes{f}}
}

func studyReport(t *testing.T) *study.Report {
	t.Helper()
	file, err := os.ReadFile("../../eval/study/testdata/small.yaml")
	require.NoError(t, err)
	s, err := study.Load("s.yaml", file)
	require.NoError(t, err)
	r := &study.Report{Study: s, Name: s.Name, Command: "fairlb study s.yaml", TrainingSeeds: []uint64{1, 2}, EvaluationSeeds: []uint64{1000, 1001, 1002}, Duration: s.Duration}
	require.NoError(t, r.Add(s.Scenarios[0], study.RunsByTarget{
		"wcmp":  {{Result: studyResult(9, 4, 4, 4)}},
		"sed":   {{Result: studyResult(4, 2, 1, 3)}},
		"tuned": {{Result: studyResult(3, 1.8, 1, 2.6)}},
		"a":     {{TrainingSeed: 1, Result: studyResult(4.1, 1.6, 1, 2.5)}, {TrainingSeed: 2, Result: studyResult(4.1, 1.8, 1, 2.6)}},
		"b":     {{TrainingSeed: 1, Result: studyResult(3, 1.9, 1.1, 3)}},
		"c":     {{TrainingSeed: 1, Result: studyResult(4.3, 5, 5, 5)}, {TrainingSeed: 2, Result: studyResult(4.3, 4, 4, 4)}},
	}))
	require.NoError(t, r.Add(s.Scenarios[1], study.RunsByTarget{"sed": {{Result: studyResult(4, 2, 1, 3)}}}))
	r.Judge()
	return r
}

func TestStudy(t *testing.T) {
	t.Parallel()
	r := studyReport(t)
	r.Missing = []string{"a, seed 2, in two"}
	r.Speeds = []study.Speed{{Method: "a", Runs: 2, Seconds: 10, Steps: 5000, Updates: 100, Playing: 0.5}}
	var md, tidy, whole bytes.Buffer
	require.NoError(t, report.WriteStudyMarkdown(&md, r, func(s string) string { return map[string]string{"one": "one.png"}[s] }))
	for _, want := range []string{
		"| | one | two | IQM |\n|---|---|---|---|\n| wcmp | 2.000 |  | 2.000 [1.333, 4.000] |\n", "\n| a | **0.875** |  | 0.875 [0.814, 1.000] |\n| b | 1.000 |  | 1.000 [0.950, 1.100] |\n",
		"| one | mean at most 0.900 x sed | paper | a | 0.875 [0.530, 1.220] | met |",
		"| one | mean at most 0.900 x sed | own | c | 2.250 [-1.981, 6.481] | **missed** |",
		"![learning curves](one.png)", "`sim-moderate/pure-cpu` with `lbs=3`, trained in `web-moderate/train`.",
		"| a | 2 | 1.750 | 0.875 [0.530, 1.220] |", "| sed |  | 2.000 |  |", "- a, seed 2, in two",
		"| a | 2 | 10.0 | 5000 | 100 | 50 % |",
	} {
		require.Contains(t, md.String(), want)
	}
	require.NoError(t, report.WriteStudyCSV(&tidy, r))
	records, err := csv.NewReader(&tidy).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 1+3+2+1+2+1)
	require.Equal(t, []string{"one", "a", "paper", "2", "1.8", "0.9"}, []string(func() []string {
		for _, x := range records {
			if x[1] == "a" && x[3] == "2" {
				x[4], x[5] = x[4][:3], x[5][:3]
				return x
			}
		}
		return nil
	}()))
	require.NoError(t, report.WriteStudyJSON(&whole, r))
	var back study.Report
	require.NoError(t, json.Unmarshal(whole.Bytes(), &back))
	require.Equal(t, r.Verdicts, back.Verdicts)
}
