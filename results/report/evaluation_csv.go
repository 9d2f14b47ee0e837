package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"fairlb/eval"
	"fairlb/results/text"
)

// evaluationHeader names the columns of WriteEvaluationCSV.
func evaluationHeader() []string {
	return []string{
		"scenario", "target", "class", "seeds", "duration_s", "n", "failed", "mean", "sd",
		"p50", "p90", "p95", "p99", "p999", "mean_p95", "sd_p95", "mean_p99", "sd_p99",
		"baseline", "diff", "lo", "hi", "significant",
		"iqm", "iqm_lo", "iqm_hi", "improvement", "improvement_lo", "improvement_hi", "fairness", "sd_fairness",
	}
}

// WriteEvaluationCSV writes one row a target and class under a header. Times
// are in s; seeds is their number. Columns are empty where there is no
// difference to the baseline, no interval or no fairness of load. Notes and
// warnings are not in it.
func WriteEvaluationCSV(w io.Writer, e *eval.Evaluation) error {
	rows := [][]string{evaluationHeader()}
	for i := range e.Results {
		for j := range e.Results[i].Classes {
			rows = append(rows, evaluationRow(e, e.Results[i].Target, &e.Results[i].Classes[j]))
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

func evaluationRow(e *eval.Evaluation, target string, f *eval.Figures) []string {
	row := []string{e.Scenario, target, f.Class, strconv.Itoa(len(e.Seeds)), text.Exact(e.DurationS),
		strconv.FormatUint(f.N, 10), strconv.FormatUint(f.Failed, 10)}
	for _, x := range []float64{f.Mean, f.SD, f.P50, f.P90, f.P95, f.P99, f.P999,
		f.MeanP95, f.SDP95, f.MeanP99, f.SDP99} {
		row = append(row, text.Exact(x))
	}
	if d := f.VsSED; d != nil {
		row = append(row, d.Baseline, text.Exact(d.Diff), text.Exact(d.Lo), text.Exact(d.Hi), strconv.FormatBool(d.Significant))
	} else {
		row = append(row, "", "", "", "", "")
	}
	for _, x := range []*eval.Estimate{f.IQM, f.Improvement} {
		if x != nil {
			row = append(row, text.Exact(x.Value), text.Exact(x.Lo), text.Exact(x.Hi))
		} else {
			row = append(row, "", "", "")
		}
	}
	if f.PerSeedFairness == nil {
		return append(row, "", "")
	}
	return append(row, text.Exact(f.Fairness), text.Exact(f.SDFairness))
}
