package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// WriteCapacityChangeText writes two tables for a terminal: the state of the groups
// of servers, and the completion times.
func WriteCapacityChangeText(w io.Writer, d *figure.CapacityChange) error {
	from, span := 0.0, "over the whole episode"
	if len(d.Changes) > 0 {
		from = d.Changes[0]
		span = fmt.Sprintf("from the first change, at %g s, to the end", from)
	}
	first := int(math.Floor(from/d.Interval + 1e-9)) // its interval begins there
	mean := func(b figure.Band) float64 {
		if first >= len(b.Mean) {
			return math.NaN()
		}
		return stat.Mean(b.Mean[first:], nil)
	}
	servers := figureTable{
		title:  fmt.Sprintf("%s (a). Servers in %s, %s", d.Figure, d.Scenario, span),
		header: []string{"target", "servers", "busy workers", "CPU use %", "CPU work left, s"},
		labels: 2,
		notes: []string{fmt.Sprintf("Means over %d seeds of %g s and over %g s of time. Busy workers: a server. CPU use: of the processors' time, background jobs included. CPU work left: s of demand a processor.",
			len(d.Seeds), d.Duration, d.Interval)},
	}
	times := figureTable{
		title:  fmt.Sprintf("%s (b). Completion times in %s, s", d.Figure, d.Scenario),
		header: []string{"class", "target", "requests", "failed", "mean", "p50", "p90", "p95", "p99"},
		labels: 2,
		notes:  append([]string{"Of the requests of all seeds together; a failed one counts at its timeout."}, d.Notes...),
	}
	names := text.Labels(d.TargetNames())
	for k, t := range d.Targets {
		for g, name := range d.Groups {
			servers.rows = append(servers.rows, []string{names[k], name, fixed(mean(t.Servers[figure.BusyWorkers][g]), 2), fixed(100*mean(t.Servers[figure.CPUUse][g]), 1), fixed(mean(t.Servers[figure.CPUWorkLeft][g]), 3)})
		}
	}
	for class, name := range d.Classes {
		for k, t := range d.Targets {
			c := t.ByClass[class]
			if c.N == 0 {
				continue
			}
			row := []string{name, names[k], strconv.Itoa(c.N), failedText(&c), seconds(c.Mean)}
			for _, p := range []float64{0.5, 0.9, 0.95, 0.99} {
				row = append(row, seconds(c.Quantile(p)))
			}
			times.rows = append(times.rows, row)
		}
	}
	if err := servers.write(w); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return times.write(w)
}

// WriteCapacityChangeServersCSV writes the state of the servers over time, to six
// digits: one row a target, group of servers and interval, which ends at time_s.
func WriteCapacityChangeServersCSV(w io.Writer, d *figure.CapacityChange) error {
	out := csv.NewWriter(w)
	header := []string{"scenario", "environment", "changes_s", "target", "servers", "time_s", "seeds"}
	for m := range figure.NumServerMeasures {
		header = append(header, m.Name(), m.Name()+"_sd")
	}
	var changes []string
	for _, at := range d.Changes {
		changes = append(changes, text.Exact(at))
	}
	rows := [][]string{header}
	for _, t := range d.Targets {
		for g, group := range d.Groups {
			for k := range t.Servers[0][g].Mean {
				row := []string{d.Scenario, figure.EnvironmentName(d.Live), strings.Join(changes, " "), t.Name, group, text.Exact(d.Interval * float64(k+1)), strconv.Itoa(len(d.Seeds))}
				for m := range figure.NumServerMeasures {
					band := t.Servers[m][g]
					row = append(row, strconv.FormatFloat(band.Mean[k], 'g', 6, 64), strconv.FormatFloat(band.SD[k], 'g', 6, 64))
				}
				rows = append(rows, row)
			}
		}
	}
	return out.WriteAll(rows)
}

// WriteCapacityChangeCompletionsCSV writes the completion times: one row a target,
// class and quantile, with the times of WriteCompletionDistributionsCSV.
func WriteCapacityChangeCompletionsCSV(w io.Writer, d *figure.CapacityChange) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"scenario", "target", "class", "requests", "failed", "longest_done_s", "quantile", "completion_s", "done_s"}}
	for _, t := range d.Targets {
		for class, name := range d.Classes {
			c := t.ByClass[class]
			for k := range c.All {
				rows = append(rows, []string{d.Scenario, t.Name, name, strconv.Itoa(c.N), strconv.Itoa(c.Failed), longestText(&c),
					text.Exact(figure.Quantiles()[k]), text.Exact(c.All[k]), doneText(&c, k)})
			}
		}
	}
	return out.WriteAll(rows)
}
