package paper

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/results/published"
)

func mustGet(t *testing.T, number int) Table {
	t.Helper()
	table, err := Get(number)
	require.NoError(t, err)
	return table
}

func TestShapes(t *testing.T) {
	t.Parallel()
	// Without a printed value are two or, beside QMix-LB, three added rows, and in Table 13
	// four cells are lost.
	for _, c := range []struct{ number, rows, columns, without int }{
		{11, 22, 8, 24}, {12, 22, 8, 24}, {13, 11, 4, 4 + 12}, {14, 6, 9, 18}, {15, 6, 9, 18}, {16, 12, 6, 18},
	} {
		table := mustGet(t, c.number)
		require.Equal(t, c.number, table.Number)
		require.NotEmpty(t, table.Title)
		require.Len(t, table.Rows, c.rows, "table %d", c.number)
		require.Len(t, table.Columns, c.columns, "table %d", c.number)
		without := 0
		for i := range table.Rows {
			for j := range table.Columns {
				if _, _, ok := table.Published(i, j); !ok {
					without++
				}
			}
		}
		require.Equal(t, c.without, without, "table %d", c.number)
	}
}

// The rows and columns are those of the published file, in its order.
func TestOrderIsThePapers(t *testing.T) {
	t.Parallel()
	for _, number := range Numbers() {
		table := mustGet(t, number)
		cells, err := published.Cells(number)
		require.NoError(t, err)
		printed := slices.DeleteFunc(slices.Clone(table.Rows), func(r Row) bool { return r.Added })
		for k, cell := range cells {
			j := k % len(table.Columns)
			i := slices.Index(table.Rows, printed[k/len(table.Columns)])
			require.Equal(t, cell.Method, table.Rows[i].Method, "table %d, cell %d", number, k)
			require.Equal(t, cell.Reward, table.Rows[i].Reward, "table %d, cell %d", number, k)
			require.Equal(t, cell.Column, table.Columns[j].Key, "table %d, cell %d", number, k)
			mean, sd, ok := table.Published(i, j)
			require.Equal(t, cell, published.Cell{
				Method: cell.Method, Reward: cell.Reward, Column: cell.Column, Mean: mean, SD: sd, Missing: !ok,
			})
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number, col int
		want        Column
	}{
		{11, 0, Column{"period-I/wiki", "Period I (796.315 queries/s)", "Wiki", "web-moderate/period-1", "wiki", Mean}},
		{12, 7, Column{"period-IV/static", "Period IV (784.522 queries/s)", "Static", "web-moderate/period-4", "static", P99}},
		{13, 2, Column{"period-II/wiki", "Period II (2071.129 queries/s)", "Wiki", "web-large/period-2", "wiki", P99}},
		{14, 0, Column{"731.534", "Traffic rate", "731.534 queries/s", "web-large/rate-731", "wiki", Mean}},
		{15, 8, Column{"2926.135", "Traffic rate", "2926.135 queries/s", "web-large/rate-2926", "static", Mean}},
		{16, 4, Column{"static/p95", "95th percentile", "Static", "web-dynamic", "static", P95}},
	} {
		require.Equal(t, c.want, mustGet(t, c.number).Columns[c.col], "table %d", c.number)
	}
	var rates []string
	for _, c := range mustGet(t, 14).Columns {
		rates = append(rates, c.Scenario)
	}
	require.Equal(t, []string{
		"web-large/rate-731", "web-large/rate-1097", "web-large/rate-1463", "web-large/rate-1828", "web-large/rate-2194",
		"web-large/rate-2377", "web-large/rate-2560", "web-large/rate-2743", "web-large/rate-2926",
	}, rates)
}

func TestTargetNames(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range mustGet(t, 11).Rows {
		got = append(got, r.TargetName())
	}
	require.Equal(t, []string{
		"wcmp", "lsq", "sed", "sed-ordered", "self-tuning", "iql-lb/vbf", "rlb-sac/jain", "rlb-sac/pbf",
		"qmix-lb/ms", "qmix-lb/logms", "qmix-lb/vbf", "qmix-lb/logvbf", "qmix-lb/vbf+logvbf", "qmix-lb/pbf",
		"centr-lb/cv", "centr-lb/vbf", "centr-lb/logvbf", "centr-lb/vbf+logvbf",
		"distr-lb/vbf", "distr-lb/logvbf", "distr-lb/vbf+logvbf", "distr-lb/cv",
	}, got)
}

// What the notes claim of the printed numbers holds.
func TestNotesAreTrue(t *testing.T) {
	t.Parallel()
	value := func(table Table, row, col int) float64 {
		mean, _, ok := table.Published(row, col)
		require.True(t, ok)
		return mean
	}
	t.Run("table 16: a 95th percentile above a 99th", func(t *testing.T) {
		table := mustGet(t, 16)
		require.Equal(t, []int{1, 2, 4, 5}, table.Notes[0].Columns)
		for i, r := range table.Rows {
			if r.Added {
				continue
			}
			for _, class := range []int{0, 3} {
				require.Equal(t, r.Method == "WCMP", value(table, i, class+1) > value(table, i, class+2), r.TargetName())
			}
		}
	})
	t.Run("table 12: static above Wiki in one cell", func(t *testing.T) {
		table := mustGet(t, 12)
		for i, r := range table.Rows {
			if r.Added {
				continue
			}
			for col := 0; col < 8; col += 2 {
				want := r.TargetName() == "rlb-sac/pbf" && col == 6
				require.Equal(t, want, value(table, i, col+1) > value(table, i, col), "%s, %d", r.TargetName(), col)
			}
		}
	})
	t.Run("tables 14 and 15: Wiki pages take longer", func(t *testing.T) {
		wiki, static := mustGet(t, 14), mustGet(t, 15)
		for i, r := range wiki.Rows {
			if r.Added {
				continue
			}
			for j := range wiki.Columns {
				require.Greater(t, value(wiki, i, j), value(static, i, j))
			}
		}
	})
	t.Run("table 13: what is lost is the marked column", func(t *testing.T) {
		table := mustGet(t, 13)
		require.Equal(t, []int{3}, table.Notes[0].Columns)
		for i, r := range table.Rows {
			for j := range table.Columns {
				_, _, ok := table.Published(i, j)
				require.Equal(t, r.Added || j == 3 && (r.Method == "QMix-LB" || r.Method == "Distr-LB"), !ok)
			}
		}
	})
}

func TestUnknownTable(t *testing.T) {
	t.Parallel()
	_, err := Get(10)
	require.ErrorIs(t, err, ErrUnknownTable)
	require.EqualError(t, err, "paper: unknown table 10: want one of [11 12 13 14 15 16]")
}

func TestPlaceRefuses(t *testing.T) {
	t.Parallel()
	table, err := layout(14)
	require.NoError(t, err)
	cells, err := published.Cells(14)
	require.NoError(t, err)
	require.EqualError(t, table.place(cells[1:]), `no published cell for lsq, column "731.534"`)
	cells[3].Column = "1"
	require.EqualError(t, table.place(cells), `published cell "LSQ", "", "1" has no place`)
}

func TestMetricString(t *testing.T) {
	t.Parallel()
	require.Equal(t, "mean p95 p99 Metric(7)", Mean.String()+" "+P95.String()+" "+P99.String()+" "+Metric(7).String())
}

func TestFigures(t *testing.T) {
	for _, name := range FigureNumbers() {
		f, err := FigureNumbered(name)
		require.NoError(t, err)
		require.Equal(t, name, f.Number)
	}
	_, err := FigureNumbered("99")
	require.ErrorIs(t, err, ErrUnknownFigure)
	require.EqualError(t, err, `paper: unknown figure "99": those that are made so far are `+strings.Join(FigureNumbers(), ", ")+` (did you mean "9"?)`)
}

// TestCases: Figure 8 has the columns and rows of Table 11, and 4 (b) one of
// its cases; what it needs trained is what the table has trained.
func TestTestCases(t *testing.T) {
	t.Parallel()
	eight, err := FigureNumbered("8")
	require.NoError(t, err)
	cases := eight.TestCases()
	require.Len(t, cases, 4)
	require.Equal(t, TestCase{"Period II (687.447 queries/s)", "web-moderate/period-2"}, cases[1])
	require.Equal(t, cases[:1], Figure{Number: "4b"}.TestCases())
	heuristics, learned := ComparedPolicies()
	require.Equal(t, []string{"wcmp", "lsq", "sed"}, heuristics)
	var names []string
	p := profile(t, "standard")
	jobs, err := Jobs([]int{11}, p)
	require.NoError(t, err)
	for _, r := range learned {
		names = append(names, r.TargetName())
		policies := cases[2].Policies(r, p)
		require.Len(t, policies, 3)
		for _, policy := range policies {
			require.True(t, slices.ContainsFunc(jobs, func(j Job) bool { return j.Policy == policy }), "%v", policy)
		}
	}
	require.Equal(t, []string{"rlb-sac/pbf", "qmix-lb/vbf", "centr-lb/vbf", "distr-lb/vbf"}, names)
}
