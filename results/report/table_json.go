package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"fairlb/eval"
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
	Name            string              `json:"name"`
	Recipes         string              `json:"recipes"`
	Training        string              `json:"training"` // the scenario
	TrainingSeeds   []uint64            `json:"training_seeds"`
	Episodes        int                 `json:"episodes"`
	EpisodeDuration float64             `json:"episode_duration_s"`
	EvalSeeds       map[string][]uint64 `json:"eval_seeds"` // by scenario
	EvalDuration    float64             `json:"eval_duration_s"`
	Live            bool                `json:"live,omitempty"`       // evaluated on real traffic
	TrainLive       bool                `json:"train_live,omitempty"` // trained on real traffic
}

// TableCell is one cell of a TableDocument. Times are in s.
type TableCell struct {
	Method    string          `json:"method"`
	Reward    string          `json:"reward"` // empty for a heuristic
	Target    string          `json:"target"`
	Added     bool            `json:"added"` // the paper has no such row
	Column    string          `json:"column"`
	Scenario  string          `json:"scenario"`
	Class     string          `json:"class"`
	Metric    string          `json:"metric"`
	Ours      *MeasuredCell   `json:"ours"`           // null if not measured
	Published *PublishedValue `json:"published"`      // null if the paper has none
	Live      *LiveRecord     `json:"live,omitempty"` // of a live table, whose Ours is of real traffic
}

// LiveRecord is what a cell of a live table has more.
type LiveRecord struct {
	LeftOut   int           `json:"left_out"`           // runs that were no measurement
	Simulated *MeasuredCell `json:"simulated"`          // the same policies and requests in the simulator; null if not known
	Gap       *TableRatio   `json:"gap"`                // Ours over Simulated, of completed requests; null if there is none
	NotLive   string        `json:"not_live,omitempty"` // why the cell cannot be had live
}

// MeasuredCell is what was measured of a cell.
type MeasuredCell struct {
	Runs      int            `json:"runs"`
	Failed    float64        `json:"failed"`    // part of the requests
	Completed *MeasuredValue `json:"completed"` // of the requests that did not fail; null if that is not known
	All       *MeasuredValue `json:"all"`       // a failed request counts at its timeout
	Ratio     *TableRatio    `json:"ratio"`     // of Completed to SED's; null of SED itself and if there is none
}

// MeasuredValue is a value of ours.
type MeasuredValue struct {
	Mean float64  `json:"mean"`
	SD   *float64 `json:"sd"` // null for a single run
}

// PublishedValue is a value of the paper.
type PublishedValue struct {
	Mean  float64     `json:"mean"`
	SD    float64     `json:"sd"`
	Ratio *TableRatio `json:"ratio"` // to SED's; null of SED itself and if there is none
}

// TableRatio is a value over SED's in the same column. Its interval is null of published
// values, of which significance is by Welch's t-test, and of single runs.
type TableRatio struct {
	Value       float64        `json:"value"`
	Interval    *eval.Interval `json:"interval"`
	Significant bool           `json:"significant"` // it differs from 1
}

// WriteTableJSON writes a table as one indented JSON object, a TableDocument.
func WriteTableJSON(w io.Writer, f *paper.Filled, o TableOptions) error {
	d := TableDocument{
		Table: f.Number, Title: f.Title, Unit: paper.Unit,
		Profile: tableProfile(&f.Table, o.Profile), Command: o.Command,
		Notes: []string{}, Warnings: append([]string{}, o.Warnings...),
	}
	for _, n := range f.Notes {
		d.Notes = append(d.Notes, n.Text)
	}
	d.Notes = append(d.Notes, o.Notes...)
	for i, r := range f.Rows {
		for j, col := range f.Columns {
			c := &f.Cells[i][j]
			record := TableCell{
				Method: r.Method, Reward: r.Reward, Target: r.TargetName(),
				Column: col.Key, Scenario: col.Scenario, Class: col.Class, Metric: col.Metric.String(), Added: r.Added,
			}
			if c.Measured {
				record.Ours = measuredCell(&c.Ours, c.Ratio)
			}
			if f.Live {
				record.Live = &LiveRecord{LeftOut: c.Live.LeftOut, Gap: ratioRecord(c.Live.Gap), NotLive: c.Live.NotLive}
				if c.Live.Simulated.All.N > 0 {
					record.Live.Simulated = measuredCell(&c.Live.Simulated, nil)
				}
			}
			if c.Printed {
				record.Published = &PublishedValue{Mean: c.Published.Mean, SD: c.Published.SD, Ratio: ratioRecord(c.PublishedRatio)}
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

// tableProfile is how the values of a table were made.
func tableProfile(t *paper.Table, p paper.Profile) TableProfile {
	seeds := map[string][]uint64{}
	for _, c := range t.Columns {
		seeds[c.Scenario] = p.SeedsFor(c.Scenario)
	}
	return TableProfile{
		Name: p.Name, Recipes: p.Recipes.String(), Training: p.TrainingScenario(t.Training()), TrainingSeeds: p.TrainingSeeds, Episodes: p.TrainingEpisodes(t.Training()),
		EpisodeDuration: p.EpisodeDuration, EvalSeeds: seeds, EvalDuration: p.EvalDuration,
		Live: p.Live, TrainLive: p.TrainLive,
	}
}

// measuredCell is the record of what was measured of a cell.
func measuredCell(m *paper.Measurement, ratio *paper.Ratio) *MeasuredCell {
	return &MeasuredCell{
		Runs: m.All.N, Failed: m.Failed, Completed: measuredValue(m.Completed), All: measuredValue(m.All), Ratio: ratioRecord(ratio),
	}
}

// measuredValue is the record of a value; nil of one that is not known.
func measuredValue(v paper.Value) *MeasuredValue {
	switch v.N {
	case 0:
		return nil
	case 1:
		return &MeasuredValue{Mean: v.Mean}
	}
	return &MeasuredValue{Mean: v.Mean, SD: &v.SD}
}

// ratioRecord is the record of a ratio; nil of none.
func ratioRecord(r *paper.Ratio) *TableRatio {
	if r == nil {
		return nil
	}
	out := &TableRatio{Value: r.Value, Significant: r.Significant}
	if !math.IsNaN(r.Lo) {
		out.Interval = &eval.Interval{Lo: r.Lo, Hi: r.Hi}
	}
	return out
}
