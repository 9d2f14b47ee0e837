package figure

import (
	"fmt"

	"fairlb/eval/rows"
	"fairlb/eval/theory/twoservers"
)

// WeightedDurations are the bars of Figure 2b under the readings of appendix A.
type WeightedDurations struct {
	Queue int // tasks that a server holds in the plain reading
	Bars  []WeightedDuration
}

// WeightedDuration is a bar.
type WeightedDuration struct {
	Reading, Method, Configuration string
	Duration                       float64 // in mean service times of the slow server
}

// NewWeightedDurations lists the bars of the plain reading, with all methods, and of
// the other readings, the first of which is the plain one again and left out.
func NewWeightedDurations(queue int, bars []twoservers.Bar, readings []twoservers.Reading) *WeightedDurations {
	f := &WeightedDurations{Queue: queue}
	for _, b := range bars {
		f.Bars = append(f.Bars, WeightedDuration{"plain", b.Method.Name, b.Configuration.Name, b.Solution.Duration})
	}
	for k, r := range readings {
		for _, v := range r.Values {
			if k > 0 {
				f.Bars = append(f.Bars, WeightedDuration{r.Name, v.Method, v.Configuration, v.Duration})
			}
		}
	}
	return f
}

// Of returns the bar of a reading, if there is one; that of a method which does not
// look at weights is the same where they are inverted.
func (f *WeightedDurations) Of(reading, method, configuration string) (float64, bool) {
	seen, list := 0.0, twoservers.Configurations()
	for _, c := range list {
		if c.Name == configuration {
			seen = c.Seen
		}
	}
	for _, b := range f.Bars {
		if b.Reading == reading && b.Method == method && b.Configuration == configuration {
			return b.Duration, true
		}
	}
	for _, m := range twoservers.Methods() {
		for _, c := range list {
			if m.Name == method && !m.Weighted() && c.Seen == seen && c.Name != configuration {
				for _, b := range f.Bars {
					if b.Reading == reading && b.Method == method && b.Configuration == c.Name {
						return b.Duration, true
					}
				}
			}
		}
	}
	return 0, false
}

// Check returns ErrEmpty unless there are bars of the plain reading.
func (f *WeightedDurations) Check() error {
	for _, c := range twoservers.Configurations() {
		if _, ok := f.Of("plain", "SED", c.Name); !ok {
			return fmt.Errorf("%w: no plain bar of SED, %s", ErrEmpty, c.Name)
		}
	}
	return nil
}

// WeightedDurationsOf reads back what report.WriteWeightedDurationsCSV wrote.
func WeightedDurationsOf(file *rows.File) (*WeightedDurations, error) {
	f := &WeightedDurations{}
	err := file.Each(func(r *rows.Record) {
		r.Same("queue")
		f.Queue = r.Count("queue")
		f.Bars = append(f.Bars, WeightedDuration{r.Text("reading"), r.Text("method"), r.Text("configuration"), r.Number("weighted_duration")})
	})
	return f, err
}
