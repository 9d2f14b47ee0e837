package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/text"
)

// microsecond is a millionth of a second, in s.
const microsecond = 1e-6

// WriteCollectionLatencyText writes quantiles of how long it takes to get features as a
// table for a terminal.
func WriteCollectionLatencyText(w io.Writer, f *figure.CollectionLatency) error {
	if err := f.Check(); err != nil {
		return err
	}
	t := figureTable{
		title:  fmt.Sprintf("%s. How long it takes to get %d features of each of %d servers (%s), us", f.Figure, f.Features, f.Servers, f.Scenario),
		header: []string{"way", "frame", "pause, ms", "bytes", "readings", "p50", "p90", "p99", "p99.9", "longest", "p50 over v2's"},
		labels: 2,
		notes: []string{
			"New: another process of this machine has published it since the reading before, and whoever has the shared memory computes the features. Again: the same frame once more, so that only the exchange is left. " +
				"Each after a pause. Bytes: through sockets, both ways, without those of TCP and IP.",
			fmt.Sprintf("%s, %s. Other programs used %.0f %% of the processors meanwhile, other virtual machines %.0f %%.", f.Measured, f.Machine, 100*f.Others, 100*f.Stolen),
		},
	}
	us := func(seconds float64) string { return fixed(seconds/microsecond, 1) }
	for _, r := range f.Readings {
		over := "-"
		if v2, ok := f.Median(figure.MarginShared, r.Pause, r.Again); ok && r.Way != figure.MarginShared {
			over = us(r.Times.Quantile(0.5) - v2)
		}
		t.rows = append(t.rows, []string{r.Title, frameName(r.Again), text.Exact(1000 * r.Pause), fixed(r.Bytes, 0), strconv.Itoa(r.Times.N),
			us(r.Times.Quantile(0.5)), us(r.Times.Quantile(0.9)), us(r.Times.Quantile(0.99)), us(r.Times.Quantile(0.999)), us(r.Times.Longest), over})
	}
	for _, pause := range f.Pauses() {
		shared, ok := f.Median(figure.MarginShared, pause, false)
		probe, also := f.Median(figure.MarginProbe, pause, false)
		if ok && also {
			t.notes = append(t.notes, fmt.Sprintf("After %g ms the median of a TCP probe for a new frame is %s us above that of shared memory; the paper has more than %s us, to probes of virtual machines and containers.",
				1000*pause, us(probe-shared), fixed(paper.CollectionMargin/microsecond, 2)))
		}
	}
	return t.write(w)
}

// frameName says which frame is read.
func frameName(again bool) string {
	if again {
		return "again"
	}
	return "new"
}

// WriteCollectionLatencyCSV writes one row a way, pause and kind of frame: number, mean and longest of the
// readings, and the quantiles of their times in s, to six digits, all_P at the part P.
func WriteCollectionLatencyCSV(w io.Writer, f *figure.CollectionLatency) error {
	header := []string{"scenario", "servers", "features", "way", "what", "pause_s", "again", "socket_bytes", "others_part", "stolen_part", "readings", "mean_s", "max_s"}
	for _, p := range figure.Quantiles() {
		header = append(header, figure.QuantileColumn(false, p))
	}
	rows := [][]string{header}
	for _, r := range f.Readings {
		row := []string{f.Scenario, strconv.Itoa(f.Servers), strconv.Itoa(f.Features), r.Way, r.Title, text.Exact(r.Pause), strconv.FormatBool(r.Again), text.Exact(r.Bytes),
			strconv.FormatFloat(f.Others, 'g', 3, 64), strconv.FormatFloat(f.Stolen, 'g', 3, 64), strconv.Itoa(r.Times.N), text.Exact(r.Times.Mean), text.Exact(r.Times.Longest)}
		rows = append(rows, append(row, quantileTexts(r.Times.All, true)...))
	}
	return csv.NewWriter(w).WriteAll(rows)
}
