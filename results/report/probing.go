package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/eval/visibility"
	"fairlb/results/text"
)

// WriteProbingText writes how well probed servers are known as a table for a terminal.
func WriteProbingText(w io.Writer, f *figure.Probing) error {
	if err := f.Check(); err != nil {
		return err
	}
	t := figureTable{
		title:  fmt.Sprintf("%s. What a controller that probes servers knows of their load, in %s under %s", f.Figure, f.Scenario, f.Target),
		header: []string{"load", "probes/s", "RMSE", "/ sd", "Spearman", "95 % interval", "across servers", "69-byte answers, kbit/s", "payload", "with headers"},
		labels: 1,
		notes: append([]string{
			fmt.Sprintf("%s of %g s; moments from %g s on. Probes/s: of each of %d servers. Own counts: what each of %d load balancers counts itself, times their number; it sends nothing.",
				text.Count(f.Seeds, "episode"), f.Duration, visibility.Warmup(f.Duration), f.Servers, f.LBs),
			"Load: the requests that a server holds; its CPU use over the 0.1 s before, of which a controller believes the mean over as long before the last answer, or between the last two. RMSE: in requests, or as a part of all processors; / sd: over the standard deviation of a server's load, 1 being as good as its mean.",
			"Spearman: over time, the mean of the servers. Across servers: over the servers at one moment, the mean of the moments. Payload: 4 bytes asked, 24 answered. With headers: of TCP and IPv4, acknowledgements included, on connections that stay. The paper holds 100 kbit/s against it.",
		}, f.Notes...),
	}
	names := map[string]string{visibility.Requests.Name(): "requests", visibility.CPUUse.Name(): "CPU use"}
	for _, p := range f.Points {
		load, frequency := names[p.Measure], text.Exact(p.Frequency)
		if p.Frequency == 0 {
			load, frequency = "requests, own counts", missing
		}
		interval := missing
		if !math.IsNaN(p.Spearman.Low) {
			interval = fmt.Sprintf("%.3f to %.3f", p.Spearman.Low, p.Spearman.High)
		}
		rate := func(x float64) string {
			if p.Frequency == 0 {
				return missing
			}
			return fixed(x/1000, 2)
		}
		t.rows = append(t.rows, []string{load, frequency, known(p.RMSE.Mean), known(p.Relative.Mean), known(p.Spearman.Mean), interval, known(p.Across.Mean),
			rate(p.Traffic.Answers), rate(p.Traffic.Payload), rate(p.Traffic.Wire)})
	}
	return t.write(w)
}

// known writes a number with three decimals, if there is one.
func known(x float64) string {
	if math.IsNaN(x) {
		return missing
	}
	return fixed(x, 3)
}

// WriteProbingCSV writes how well probed servers are known: one row a load and a number of
// probes/s, and one of what load balancers count themselves, of 0 probes/s.
func WriteProbingCSV(w io.Writer, f *figure.Probing) error {
	header := []string{"environment", "scenario", "target", "servers", "lbs", "episode_s", "episodes", "probes_per_s", "measure"}
	for _, name := range []string{"rmse", "relative_rmse", "spearman", "spearman_across"} {
		header = append(header, name, name+"_low", name+"_high")
	}
	rows := [][]string{append(header, "answers_bit_s", "payload_bit_s", "wire_bit_s")}
	environment := figure.EnvironmentName(f.Live)
	cell := func(x float64) string {
		if math.IsNaN(x) {
			return ""
		}
		return text.Exact(x)
	}
	for _, p := range f.Points {
		row := []string{environment, f.Scenario, f.Target, strconv.Itoa(f.Servers), strconv.Itoa(f.LBs), text.Exact(f.Duration), strconv.Itoa(f.Seeds), text.Exact(p.Frequency), p.Measure}
		for _, e := range []figure.Estimate{p.RMSE, p.Relative, p.Spearman, p.Across} {
			row = append(row, cell(e.Mean), cell(e.Low), cell(e.High))
		}
		rows = append(rows, append(row, text.Exact(p.Traffic.Answers), text.Exact(p.Traffic.Payload), text.Exact(p.Traffic.Wire)))
	}
	return csv.NewWriter(w).WriteAll(rows)
}
