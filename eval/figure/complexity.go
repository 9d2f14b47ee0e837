package figure

import (
	"fmt"
	"strconv"
	"strings"

	"fairlb/eval/rows"
	"fairlb/eval/theory/complexity"
)

// ComplexityOf reads back what report.WriteComplexityCSV wrote.
func ComplexityOf(file *rows.File) (*complexity.Measurement, error) {
	m := &complexity.Measurement{}
	err := file.Each(func(r *rows.Record) {
		m.Machine = r.Text("machine")
		t := complexity.Timing{Operation: r.Text("operation"), Bytes: r.Count("operation_bytes")}
		t.Varied = complexity.Parameter(r.Text("varied"))
		t.Samples, t.Servers, t.Level, t.Slots = r.Count("k"), r.Count("n"), r.Count("m"), r.Count("slots")
		for value := range strings.FieldsSeq(r.Text("rounds_ns")) {
			ns, err := strconv.ParseFloat(value, 64)
			if err != nil {
				r.Refuse("rounds_ns", "must be numbers, separated by blanks")
			}
			t.Nanoseconds = append(t.Nanoseconds, ns)
		}
		m.Timings = append(m.Timings, t)
	})
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", rows.ErrUnreadable, file.Name, err)
	}
	return m, nil
}
