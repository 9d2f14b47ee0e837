package report

import (
	"encoding/json"
	"fmt"
	"io"

	"fairlb/eval/paper"
)

// TableDocument is what WriteTableJSON writes.
type TableDocument struct {
	Table    int          `json:"table"`
	Title    string       `json:"title"`
	Unit     string       `json:"unit"`
	Profile  TableProfile `json:"profile"`
	Command  string       `json:"command"`
	Notes    []string     `json:"notes"`
	Warnings []string     `json:"warnings"`
	Cells    []TableCell  `json:"cells"`
}

// TableProfile is the profile of a TableDocument. Durations are in s.
type TableProfile struct {
	Name            string   `json:"name"`
	TrainingSeeds   []uint64 `json:"training_seeds"`
	Episodes        int      `json:"episodes"`
	LargeEpisodes   int      `json:"large_episodes"`
	EpisodeDuration float64  `json:"episode_duration_s"`
	EvalSeeds       []uint64 `json:"eval_seeds"`
	EvalDuration    float64  `json:"eval_duration_s"`
}

// TableCell is one cell of a TableDocument. Times are in s.
type TableCell struct {
	Method    string          `json:"method"`
	Reward    string          `json:"reward"` // empty for a heuristic
	Target    string          `json:"target"`
	Column    string          `json:"column"`
	Scenario  string          `json:"scenario"`
	Class     string          `json:"class"`
	Metric    string          `json:"metric"`
	Best      bool            `json:"best"`      // of ours in its column
	Tied      bool            `json:"tied"`      // not significantly above the best
	Ours      *MeasuredValue  `json:"ours"`      // null if not measured
	Published *PublishedValue `json:"published"` // null if the paper's text lost it
}

// MeasuredValue is a value of ours.
type MeasuredValue struct {
	Mean float64  `json:"mean"`
	SD   *float64 `json:"sd"` // null for a single run
	N    int      `json:"n"`
}

// PublishedValue is a value of the paper.
type PublishedValue struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
}

// WriteTableJSON writes a table as one indented JSON object, a TableDocument.
func WriteTableJSON(w io.Writer, f *paper.Filled, o TableOptions) error {
	d := TableDocument{
		Table: f.Number, Title: f.Title, Unit: paper.Unit,
		Profile: TableProfile(o.Profile), Command: o.Command,
		Notes: []string{}, Warnings: append([]string{}, o.Warnings...),
	}
	for _, n := range f.Notes {
		d.Notes = append(d.Notes, n.Text)
	}
	for i, r := range f.Rows {
		for j, col := range f.Columns {
			c := &f.Cells[i][j]
			record := TableCell{
				Method: r.Method, Reward: r.Reward, Target: r.TargetName(),
				Column: col.Key, Scenario: col.Scenario, Class: col.Class, Metric: col.Metric.String(),
				Best: c.Best, Tied: c.Tied,
			}
			if c.Measured {
				record.Ours = &MeasuredValue{Mean: c.Ours.Mean, N: c.Ours.N}
				if c.Ours.N > 1 {
					record.Ours.SD = &c.Ours.SD
				}
			}
			if c.Printed {
				record.Published = &PublishedValue{Mean: c.Published.Mean, SD: c.Published.SD}
			}
			d.Cells = append(d.Cells, record)
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("report: table %d: writing JSON: %w", f.Number, err)
	}
	return nil
}
