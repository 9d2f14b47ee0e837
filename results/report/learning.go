package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// WriteLearningCSV writes curves of validation: one row a training run and validation,
// and one a level, which has no seed and no episodes.
func WriteLearningCSV(w io.Writer, l *figure.Learning) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"scenario", "target", "training_seed", "episodes", "validation_s"}}
	for _, level := range l.Levels {
		rows = append(rows, []string{l.Scenario, level.Name, "", "", text.Exact(level.Value)})
	}
	for _, m := range l.Methods {
		for _, c := range m.Curves {
			for k, mean := range c.Completion {
				rows = append(rows, []string{l.Scenario, m.Name, strconv.FormatUint(c.Seed, 10), strconv.Itoa(int(c.Episodes[k])), text.Exact(mean)})
			}
		}
	}
	return out.WriteAll(rows)
}
