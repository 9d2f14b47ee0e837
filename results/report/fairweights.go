package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// WriteFairWeightsText writes which weights are fair as a table for a terminal.
func WriteFairWeightsText(w io.Writer, f *figure.FairWeights) error {
	t := figureTable{
		title:  f.Figure + ". What a large server gets for 1 that a small one gets, by application",
		header: []string{"application", "scenario", "windows", "p5", "p25", "p50", "p75", "p95", "requests", "best fixed", "nearly as good", "SED"},
		labels: 2,
		notes: []string{
			fmt.Sprintf("p5 to p95: over windows of %g s, the work (s of CPU and IO demand) that the Oracle, which sends a request to where all work would be finished soonest, gives to a large server "+
				"over that to a small one; %d seeds of %g s, without their first %g s. requests: the median of the same by their number; the Oracle knows which are large.",
				f.Window, len(f.Seeds), f.Duration, f.Warmup),
			fmt.Sprintf("best fixed: the ratio of the fixed weights of least mean completion time, found on training seeds; nearly as good: those within %g %% of it. SED: that of the processors.", 100*f.Tolerance),
		},
	}
	for k := range f.Profiles {
		p := &f.Profiles[k]
		row := []string{p.Name, p.Scenario, strconv.Itoa(len(p.WorkRatios))}
		for _, q := range []float64{0.05, 0.25, 0.5, 0.75, 0.95} {
			row = append(row, fixed(figure.QuantileOf(p.WorkRatios, q), 2))
		}
		t.rows = append(t.rows, append(row, fixed(figure.QuantileOf(p.RequestRatios, 0.5), 2), fixed(p.BestFixed, 2),
			fixed(p.LeastGood, 2)+" to "+fixed(p.GreatestGood, 2), fixed(p.Processors, 2)))
	}
	return t.write(w)
}

// WriteFairWeightsCSV writes the quantiles of the ratios of work and of requests, each
// 5 %, beside the fixed ratios: one row a profile and quantile.
func WriteFairWeightsCSV(w io.Writer, f *figure.FairWeights) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"application", "scenario", "window_s", "windows", "quantile", "work_ratio", "requests_ratio",
		"best_fixed_ratio", "best_fixed_low", "best_fixed_high", "processors_ratio"}}
	for k := range f.Profiles {
		p := &f.Profiles[k]
		for q := range 21 {
			part := float64(q) / 20
			rows = append(rows, []string{p.Name, p.Scenario, text.Exact(f.Window), strconv.Itoa(len(p.WorkRatios)), text.Exact(part), text.Exact(figure.QuantileOf(p.WorkRatios, part)),
				text.Exact(figure.QuantileOf(p.RequestRatios, part)), text.Exact(p.BestFixed), text.Exact(p.LeastGood), text.Exact(p.GreatestGood), text.Exact(p.Processors)})
		}
	}
	return out.WriteAll(rows)
}
