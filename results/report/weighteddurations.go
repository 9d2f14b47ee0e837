package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"fairlb/eval/figure"
	"fairlb/eval/theory/twoservers"
	"fairlb/results/text"
)

// WriteWeightedDurationsCSV writes the bars of Figure 2b: one row a bar.
func WriteWeightedDurationsCSV(w io.Writer, f *figure.WeightedDurations) error {
	rows := [][]string{{"queue", "reading", "method", "configuration", "weighted_duration"}}
	for _, b := range f.Bars {
		rows = append(rows, []string{strconv.Itoa(f.Queue), b.Reading, b.Method, b.Configuration, text.Exact(b.Duration)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// WriteBarsText writes the bars of the plain reading as a table for a terminal. Each of
// simulated, if there are any, is what simulations say of the bar, in words.
func WriteBarsText(w io.Writer, m twoservers.Model, bars []twoservers.Bar, simulated []string) error {
	t := figureTable{
		title: fmt.Sprintf("Figure 2b. Two servers of speeds %g and %g, queues of %d, load %g: the weighted service duration, exactly", m.Speeds[0], m.Speeds[1], m.Queue, m.Load),
		header: []string{"method", "", "duration", "to SED", "completion", "refused %", "tasks fast", "slow", "weights",
			"relaxation", "mixed", "settled"},
		labels: 2,
		notes: []string{
			"Times in mean service times of the slow server. Duration: the mean of l_1/(l_1 + l_2) l_1/v_1 + l_2/(l_1 + l_2) l_2/v_2 (appendix A); to SED: over that of SED where all is accurate. Completion: the mean time that a task stays, by Little's law.",
			"Relaxation: 1 over the spectral gap. Mixed: from empty queues, until the total variation distance is 1/4; settled: from then on the mean duration is within 1 % of the stationary one.",
			"-Q: the load balancer sees 50 or 33 % of the traffic; ~W: weights 1:2 where the speeds are 2:1, which LSQ and self-tuning SED do not look at. Ties are fair where nothing is said: so they are under the published testbed's rule, too, where there are two servers. Self-tuning SED is no chain: this is SED by the weights that its own traffic gives back, as if its memory were endless.",
		},
	}
	if simulated != nil {
		t.header = append(t.header, "simulated")
	}
	base := 0.0
	for _, b := range bars {
		if b.Method.Name == "SED" && b.Configuration.Name == "accurate" {
			base = b.Solution.Duration
		}
	}
	last := ""
	for k, b := range bars {
		name, s := b.Method.Name, b.Solution
		if name == last {
			name = ""
		} else {
			if last != "" {
				t.rows = append(t.rows, nil)
			}
			last = name
		}
		weights := "-"
		if b.Method.Rule != twoservers.LSQ {
			weights = fmt.Sprintf("%.3g:1", b.Model.Weights[0]/b.Model.Weights[1])
		}
		row := []string{name, b.Configuration.Name, fixed(s.Duration, 3), fixed(s.Duration/base, 2), fixed(s.Completion, 3), fixed(100*s.Refused, 2),
			fixed(s.Tasks[0], 2), fixed(s.Tasks[1], 2), weights, fixed(b.Mixing.Relaxation, 1), fixed(b.Mixing.Mixed, 1), fixed(b.Mixing.Settled, 1)}
		if simulated != nil {
			row = append(row, simulated[k])
		}
		t.rows = append(t.rows, row)
	}
	return t.write(w)
}

// WriteReadingsText writes the paper's bars under each reading of what appendix A
// leaves open, and which of its statements hold there.
func WriteReadingsText(w io.Writer, readings []twoservers.Reading) error {
	t := figureTable{
		title:  "The weighted service duration under other readings of appendix A, each different from the plain one in one choice",
		header: []string{"", "WCMP", "50", "33", "~W", "50~W", "33~W", "LSQ", "50", "33", "SED", "50", "33", "~W", "50~W", "33~W", "holds"},
		labels: 1,
	}
	statements := twoservers.Statements()
	holding := make([]int, len(statements))
	for k := range readings {
		r := &readings[k]
		row := []string{r.Name}
		for _, v := range r.Values {
			row = append(row, fixed(v.Duration, 2))
		}
		var marks []string
		for i, s := range statements {
			mark := strings.Repeat(".", len(s.Short))
			if s.Holds(r) {
				mark = s.Short
				holding[i]++
			}
			marks = append(marks, mark)
		}
		t.rows = append(t.rows, append(row, strings.Join(marks, " ")))
	}
	if err := t.write(w); err != nil {
		return err
	}
	list := text.NewTable("", "what appendix A says (by 1 % or more)", "plain", "readings")
	list.Right(3)
	for i, s := range statements {
		plain := "does not hold"
		if s.Holds(&readings[0]) {
			plain = "holds"
		}
		list.Rowf("%s\t%s\t%s\t%d of %d", s.Short, s.Text, plain, holding[i], len(readings))
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := list.Write(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
