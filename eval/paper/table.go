package paper

import (
	"errors"
	"fmt"

	"fairlb/eval"
	"fairlb/results/published"
	"fairlb/rewards"
)

// Unit is the unit of every value of every table.
const Unit = "s"

// ErrUnknownTable reports a table number that is not in Numbers.
var ErrUnknownTable = errors.New("paper: unknown table")

// Metric is the statistic of completion time that a column reports.
type Metric int

const (
	Mean Metric = iota // mean
	P95                // 95th percentile
	P99                // 99th percentile
)

// String returns "mean", "p95" or "p99".
func (m Metric) String() string {
	switch m {
	case Mean:
		return "mean"
	case P95:
		return "p95"
	case P99:
		return "p99"
	}
	return fmt.Sprintf("Metric(%d)", int(m))
}

// All returns the statistic of each evaluation seed, of the figures of a class of
// requests; a failed one counts at its timeout.
func (m Metric) All(f *eval.Figures) eval.Series { return m.of(f.PerSeed, f.PerSeedP95, f.PerSeedP99) }

// Completed returns the statistic of each evaluation seed, of the requests that did not
// fail. ok is false where that is not known (eval.Figures.CompletedFigures).
func (m Metric) Completed(f *eval.Figures) (perSeed eval.Series, ok bool) {
	c, ok := f.CompletedFigures()
	return m.of(c.PerSeed, c.PerSeedP95, c.PerSeedP99), ok
}

// of returns the series that the metric names.
func (m Metric) of(means, p95, p99 eval.Series) eval.Series {
	switch m {
	case P95:
		return p95
	case P99:
		return p99
	}
	return means
}

// Column is one column of values.
type Column struct {
	Key      string // as in package published: "period-I/wiki", "731.534", "wiki/p95"
	Group    string // what several columns have in common: "Period I (796.315 queries/s)"
	Sub      string // what tells this one from the others of its group: "Wiki"
	Scenario string // what is evaluated: "web-moderate/period-1"
	Class    string // class of requests that is reported: "wiki" or "static"
	Metric   Metric
}

// Row is one row: a method, and for a learned method its reward.
type Row struct {
	Method string // as printed: "Distr-LB"; of an added rule its name in fairlb
	Reward string // as printed: "VBF+logVBF"; empty for a heuristic

	MethodID string // name of the method in fairlb: "distr-lb"
	RewardID string // name in package rewards: "vbf+logvbf"; empty for a heuristic

	// Credit is how the reward is divided over servers; empty: as the recipe says, which
	// is alike for all rewards.
	Credit rewards.Credit

	// Added says that the paper has no such row: a rule that nobody trains, or a method
	// that stands beside one of the paper's.
	Added bool
}

// Learned reports whether the row's method is trained.
func (r Row) Learned() bool { return r.RewardID != "" }

// Policy returns a learned row's policy of a training seed, for an evaluation scenario.
func (r Row) Policy(scenario string, seed uint64) Policy {
	return Policy{Method: r.MethodID, Reward: r.RewardID, Credit: r.Credit, Training: trainingFor(scenario), Seed: seed}
}

// TargetName names the row in fairlb: "sed", "distr-lb/vbf+logvbf".
func (r Row) TargetName() string {
	if !r.Learned() {
		return r.MethodID
	}
	return r.MethodID + "/" + r.RewardID
}

// Note is a footnote: something wrong or doubtful in the printed table, or in
// comparing ours with it.
type Note struct {
	Text    string
	Columns []int // the columns in doubt; nil if the note is on the whole table
}

// Table is one table of the paper. Rows and columns are in printed order; the added rows
// are between the heuristics and the learned methods.
type Table struct {
	Number  int
	Title   string // what is shown, with its unit
	Columns []Column
	Rows    []Row
	Notes   []Note

	cells [][]published.Cell // [row][column]
}

// Numbers returns the numbers of the tables, in ascending order.
func Numbers() []int { return published.Tables() }

// Get returns the table of that number with its published values. A number
// not in Numbers gives ErrUnknownTable.
func Get(number int) (Table, error) {
	t, err := layout(number)
	if err != nil {
		return Table{}, err
	}
	cells, err := published.Cells(number)
	if err != nil {
		return Table{}, fmt.Errorf("paper: table %d: %w", number, err)
	}
	if err := t.place(cells); err != nil {
		return Table{}, fmt.Errorf("paper: table %d: %w", number, err)
	}
	return t, nil
}

// Published returns the printed mean and standard deviation of a cell, in s.
// ok is false where the text of the paper lost the value, and in an added row. Indices
// outside the table panic.
func (t Table) Published(row, col int) (mean, sd float64, ok bool) {
	c := t.cells[row][col]
	return c.Mean, c.SD, !c.Missing && !t.Rows[row].Added
}

// place attaches the published cells: each to one place, none of a printed row left empty.
func (t *Table) place(cells []published.Cell) error {
	columns := make(map[string]int, len(t.Columns))
	for j, c := range t.Columns {
		columns[c.Key] = j
	}
	rows := make(map[[2]string]int, len(t.Rows))
	t.cells = make([][]published.Cell, len(t.Rows))
	for i, r := range t.Rows {
		if !r.Added {
			rows[[2]string{r.Method, r.Reward}] = i
		}
		t.cells[i] = make([]published.Cell, len(t.Columns))
	}
	for _, c := range cells {
		i, okRow := rows[[2]string{c.Method, c.Reward}]
		j, okColumn := columns[c.Column]
		if !okRow || !okColumn {
			return fmt.Errorf("published cell %q, %q, %q has no place", c.Method, c.Reward, c.Column)
		}
		t.cells[i][j] = c
	}
	for i, r := range t.Rows {
		for j, c := range t.Columns {
			if t.cells[i][j].Method == "" && !r.Added {
				return fmt.Errorf("no published cell for %s, column %q", r.TargetName(), c.Key)
			}
		}
	}
	return nil
}
