package results

import (
	"encoding/json"
	"fmt"
	"io"

	"fairlb/eval/paper"
)

// Document is what WriteJSON writes of a table.
type Document struct {
	Table    int           `json:"table"`
	Title    string        `json:"title"`
	Unit     string        `json:"unit"`
	Profile  ProfileRecord `json:"profile"`
	Command  string        `json:"command"`
	Notes    []string      `json:"notes"`
	Warnings []string      `json:"warnings"`
	Cells    []CellRecord  `json:"cells"`
}

// ProfileRecord is the profile of a Document. Durations are in s.
type ProfileRecord struct {
	Name            string   `json:"name"`
	TrainingSeeds   []uint64 `json:"training_seeds"`
	Episodes        int      `json:"episodes"`
	LargeEpisodes   int      `json:"large_episodes"`
	EpisodeDuration float64  `json:"episode_duration_s"`
	EvalSeeds       []uint64 `json:"eval_seeds"`
	EvalDuration    float64  `json:"eval_duration_s"`
}

// CellRecord is one cell of a Document. Times are in s.
type CellRecord struct {
	Method    string     `json:"method"`
	Reward    string     `json:"reward"` // empty for a heuristic
	Target    string     `json:"target"`
	Column    string     `json:"column"`
	Scenario  string     `json:"scenario"`
	Class     string     `json:"class"`
	Metric    string     `json:"metric"`
	Best      bool       `json:"best"`      // of ours in its column
	Tied      bool       `json:"tied"`      // not significantly above the best
	Ours      *Ours      `json:"ours"`      // null if not measured
	Published *Published `json:"published"` // null if the paper's text lost it
}

// Ours is a measured value.
type Ours struct {
	Mean float64  `json:"mean"`
	SD   *float64 `json:"sd"` // null for a single run
	N    int      `json:"n"`
}

// Published is a value of the paper.
type Published struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
}

// WriteJSON writes a table as one indented JSON object, a Document.
func WriteJSON(w io.Writer, t paper.Table, measured Measured, o Options) error {
	g, err := collect(t, measured)
	if err != nil {
		return err
	}
	d := Document{
		Table: t.Number, Title: t.Title, Unit: paper.Unit,
		Profile: ProfileRecord(o.Profile), Command: o.Command,
		Notes: []string{}, Warnings: append([]string{}, o.Warnings...),
	}
	for _, n := range t.Notes {
		d.Notes = append(d.Notes, n.Text)
	}
	for i, r := range t.Rows {
		for j, col := range t.Columns {
			c := g[i][j]
			record := CellRecord{
				Method: r.Method, Reward: r.Reward, Target: r.TargetName(),
				Column: col.Key, Scenario: col.Scenario, Class: col.Class, Metric: col.Metric.String(),
				Best: c.best, Tied: c.tied,
			}
			if c.measured {
				record.Ours = &Ours{Mean: c.ours.Mean, N: c.ours.N}
				if c.ours.N > 1 {
					record.Ours.SD = &c.ours.SD
				}
			}
			if c.printed {
				record.Published = &Published{Mean: c.published.Mean, SD: c.published.SD}
			}
			d.Cells = append(d.Cells, record)
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("results: table %d: writing JSON: %w", t.Number, err)
	}
	return nil
}
