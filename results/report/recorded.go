package report

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval/study"
)

// WriteRecordedMarkdown writes recorded studies as a table: a row for each of the
// targets, in their order, and a column a scenario, of ratios to the baseline. In bold
// is the least mean of the trained targets of each scenario, as it is before it is
// rounded.
func WriteRecordedMarkdown(w io.Writer, r *study.Recorded, targets []string) error {
	header := []string{""}
	for _, s := range r.Scenarios {
		header = append(header, s.Name)
	}
	table := newMarkdownTable(append(header, "IQM")...)
	for _, name := range targets {
		cells := []string{name}
		for k := range r.Scenarios {
			s := &r.Scenarios[k]
			cell := ""
			if ratio, ok := s.Ratio(name); ok {
				cell = fmt.Sprintf("%.3f", ratio.Value)
				if t := s.Target(name); t.Trained() && stat.Mean(t.Means, nil) == leastTrained(s, targets) {
					cell = "**" + cell + "**"
				}
			}
			cells = append(cells, cell)
		}
		overall, ok := r.Overall(name)
		if ok {
			cells = append(cells, ratioText(overall))
		} else {
			cells = append(cells, "")
		}
		table.row(cells...)
	}
	var b bytes.Buffer
	table.write(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// leastTrained is the least mean of those of the targets that are trained.
func leastTrained(s *study.RecordedScenario, targets []string) float64 {
	least := math.Inf(1)
	for _, name := range targets {
		if t := s.Target(name); t != nil && t.Trained() {
			least = min(least, stat.Mean(t.Means, nil))
		}
	}
	return least
}
