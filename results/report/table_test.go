package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/eval/rows"
	"fairlb/results/report"
)

// exampleTable returns a table with made-up values: Distr-LB beats the heuristics
// from the second column on, QMix-LB and Centr-LB do not exist, WCMP fails some
// requests, and of LSQ it is not known what completed.
func exampleTable(t *testing.T, number int) (*paper.Filled, report.TableOptions) {
	t.Helper()
	table, err := paper.Get(number)
	require.NoError(t, err)
	profile, err := paper.ProfileNamed("standard")
	require.NoError(t, err)
	filled := fill(t, number, func(row, col int) (paper.Measurement, bool) {
		r := table.Rows[row]
		switch r.MethodID {
		case "qmix-lb", "centr-lb":
			return paper.Measurement{}, false
		case "wcmp":
			m := measured(12.3456+float64(col), 3.21, 10)
			m.All.Mean, m.Failed = m.All.Mean+1.5, 0.02
			return m, true
		case "lsq":
			m := measured(0.31+0.1*float64(col), 0.0456, 10)
			m.Completed, m.Failed = paper.Value{}, 0.001
			return m, true
		case "sed", "sed-ordered", "self-tuning":
			return measured(0.31+0.1*float64(col)-0.01*float64(row), 0.0456, 10), true
		}
		return measured(0.3+0.09*float64(col)+0.001*float64(row), 0.0123, 30), true
	})
	return filled, report.TableOptions{Profile: profile, Command: fmt.Sprintf("fairlb tables %d --profile standard", number)}
}

// measured is a cell in which no request failed, of runs on ten evaluation seeds each, so
// that ratios have intervals.
func measured(mean, sd float64, n int) paper.Measurement {
	v := paper.Value{Mean: mean, SD: sd, N: n}
	for range n / 10 {
		run := make([]float64, 10)
		for s := range run {
			run[s] = mean + sd*float64(2*(s%2)-1)
		}
		v.Runs = append(v.Runs, run)
	}
	return paper.Measurement{Completed: v, All: v}
}

func fill(t *testing.T, number int, value func(row, col int) (paper.Measurement, bool)) *paper.Filled {
	t.Helper()
	table, err := paper.Get(number)
	require.NoError(t, err)
	filled, err := paper.Fill(table, value)
	require.NoError(t, err)
	return filled
}

func TestTableText(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		t.Run(strconv.Itoa(number), func(t *testing.T) {
			t.Parallel()
			table, o := exampleTable(t, number)
			var b bytes.Buffer
			require.NoError(t, report.WriteTableText(&b, table, o))
			golden(t, fmt.Sprintf("table%d.txt", number), b.Bytes())
		})
	}
}

func TestTableMarkdown(t *testing.T) {
	t.Parallel()
	table, o := exampleTable(t, 13)
	var b bytes.Buffer
	require.NoError(t, report.WriteTableMarkdown(&b, table, o))
	golden(t, "table13.md", b.Bytes())
}

// No line is wider than report.TableWidth, ends in blanks or, in the body, is cut.
func TestTableTextWidth(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		_, o := exampleTable(t, number)
		o.Warnings = []string{strings.Repeat("The agents of this run were trained on less than they should. ", 5)}
		for name, value := range map[string]func(int, int) (paper.Measurement, bool){
			"nothing": func(int, int) (paper.Measurement, bool) { return paper.Measurement{}, false },
			"small":   func(int, int) (paper.Measurement, bool) { return measured(0.00012, 0.00003, 3), true },
			"tens":    func(int, int) (paper.Measurement, bool) { return measured(39.99999, 12.3456, 3), true },
			"large":   func(int, int) (paper.Measurement, bool) { return measured(9999.4, 1234.5, 3), true },
			"one run": func(int, int) (paper.Measurement, bool) { return measured(1, math.NaN(), 1), true },
			"far from SED": func(row, _ int) (paper.Measurement, bool) {
				m := measured(0.1*math.Pow(20, float64(row%4)), 0.1, 10)
				m.Failed = 0.5
				return m, true
			},
		} {
			var b bytes.Buffer
			require.NoError(t, report.WriteTableText(&b, fill(t, number, value), o))
			require.NotContains(t, b.String(), "…", "table %d, %s", number, name)
			for _, line := range strings.Split(b.String(), "\n") {
				require.LessOrEqual(t, utf8.RuneCountInString(line), report.TableWidth, "table %d, %s: %s", number, name, line)
				require.Equal(t, strings.TrimRight(line, " "), line)
			}
		}
	}
}

// TestTableTextShowsEveryCell: every block has all rows, and of each column the parts of
// the cell in their order.
func TestTableTextShowsEveryCell(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		table, o := exampleTable(t, number)
		var b bytes.Buffer
		require.NoError(t, report.WriteTableText(&b, table, o))
		body, _, _ := strings.Cut(b.String(), "\nours: ")
		shown := make([][]string, len(table.Rows)) // by row, the parts of all blocks
		for line := range strings.Lines(body) {
			for i, r := range table.Rows {
				fields := strings.Fields(line)
				label := strings.Fields(r.Method + " " + r.Reward)
				if len(fields) > len(label) && slices.Equal(fields[:len(label)], label) {
					shown[i] = append(shown[i], fields[len(label):]...)
				}
			}
		}
		for i, r := range table.Rows {
			require.Len(t, shown[i], 5*len(table.Columns), "table %d, %s", number, r.TargetName())
			for _, part := range shownOrder(table) {
				j, fields := part.column, shown[i][5*part.place:5*part.place+5]
				c := &table.Cells[i][j]
				want := []string{"-", "-", "-", "-", "-"}
				if c.Measured {
					want[1] = "="
					if c.Ours.Failed > 0 {
						want[1] = report.Seconds(c.Ours.All.Mean)
					}
					if v := c.Ours.Completed; v.N > 0 {
						want[0] = report.Seconds(v.Mean) + "±" + report.Seconds(v.SD)
					}
				}
				if mean, sd, ok := table.Published(i, j); ok {
					want[3] = report.Seconds(mean) + "±" + report.Seconds(sd)
				}
				for k, ratio := range map[int]*paper.Ratio{2: c.Ratio, 4: c.PublishedRatio} {
					if ratio != nil {
						want[k] = report.Seconds(ratio.Value)
						if !ratio.Significant {
							want[k] = "~" + want[k]
						}
					} else if r.TargetName() == "sed" && (k == 2 && c.Measured || k == 4 && c.Printed) {
						want[k] = "1"
					}
				}
				require.Equal(t, want, fields, "table %d, %s, %s", number, r.TargetName(), table.Columns[j].Key)
			}
		}
	}
}

// shownOrder lists the columns of a table as its text has them: groups together.
func shownOrder(f *paper.Filled) []struct{ column, place int } {
	var list []struct{ column, place int }
	taken := map[int]bool{}
	for _, first := range f.Columns {
		for j, c := range f.Columns {
			if c.Group == first.Group && !taken[j] {
				taken[j] = true
				list = append(list, struct{ column, place int }{j, len(list)})
			}
		}
	}
	return list
}

func TestTableCSVRoundTrip(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		table, _ := exampleTable(t, number)
		var b bytes.Buffer
		require.NoError(t, report.WriteTableCSV(&b, table))
		records, err := csv.NewReader(&b).ReadAll()
		require.NoError(t, err)
		require.Equal(t, strings.Split("table,method,reward,column,metric,unit,runs,failed,completed_mean,completed_sd,all_mean,all_sd,"+
			"ratio,ratio_lo,ratio_hi,ratio_significant,published_mean,published_sd,published_ratio,published_significant", ","), records[0])
		require.Len(t, records[1:], len(table.Rows)*len(table.Columns))
		exact := func(known bool, x float64) string {
			if !known || math.IsNaN(x) {
				return ""
			}
			return strconv.FormatFloat(x, 'g', -1, 64)
		}
		for k, record := range records[1:] {
			i, j := k/len(table.Columns), k%len(table.Columns)
			r, column, c := table.Rows[i], table.Columns[j], table.Cells[i][j]
			want := []string{strconv.Itoa(number), r.Method, r.Reward, column.Key, column.Metric.String(), "s", "", exact(c.Measured, c.Ours.Failed)}
			if c.Measured {
				want[6] = strconv.Itoa(c.Ours.All.N)
			}
			for _, v := range []paper.Value{c.Ours.Completed, c.Ours.All} {
				want = append(want, exact(v.N > 0, v.Mean), exact(v.N > 1, v.SD))
			}
			ratio := func(x *paper.Ratio) (value, lo, hi, significant string) {
				if x == nil {
					return "", "", "", ""
				}
				return exact(true, x.Value), exact(true, x.Lo), exact(true, x.Hi), strconv.FormatBool(x.Significant)
			}
			value, lo, hi, significant := ratio(c.Ratio)
			want = append(want, value, lo, hi, significant, exact(c.Printed, c.Published.Mean), exact(c.Printed, c.Published.SD))
			value, _, _, significant = ratio(c.PublishedRatio)
			require.Equal(t, append(want, value, significant), record)
		}
	}
}

func TestSingleRunHasNoSD(t *testing.T) {
	t.Parallel()
	_, o := exampleTable(t, 13)
	once := fill(t, 13, func(int, int) (paper.Measurement, bool) { return measured(1.5, math.NaN(), 1), true })
	var text, data bytes.Buffer
	require.NoError(t, report.WriteTableText(&text, once, o))
	require.Contains(t, text.String(), " 1.500  ")
	require.NotContains(t, text.String(), "NaN")
	require.Contains(t, text.String(), "ours: one run a cell")
	require.NoError(t, report.WriteTableCSV(&data, once))
	require.Contains(t, data.String(), "\n13,WCMP,,period-I/wiki,p99,s,1,0,1.5,,1.5,,1,,,false,3.014,0.612,")
}

func TestTableJSON(t *testing.T) {
	t.Parallel()
	table, o := exampleTable(t, 13)
	o.Warnings = []string{"few seeds"}
	var b bytes.Buffer
	require.NoError(t, report.WriteTableJSON(&b, table, o))
	require.Contains(t, b.String(), `"ours": null`)
	require.Contains(t, b.String(), `"published": null`)
	var d report.TableDocument
	decoder := json.NewDecoder(&b)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&d))
	require.Equal(t, 13, d.Table)
	require.Equal(t, "standard", d.Profile.Name)
	require.Equal(t, []string{"few seeds"}, d.Warnings)
	require.Len(t, d.Notes, len(table.Notes))
	require.Equal(t, "web-large/train-rates", d.Profile.Training)
	require.Equal(t, map[string]uint64{"web-large/period-1": 1000, "web-large/period-2": 1100},
		map[string]uint64{"web-large/period-1": d.Profile.EvalSeeds["web-large/period-1"][0], "web-large/period-2": d.Profile.EvalSeeds["web-large/period-2"][0]})
	require.Len(t, d.Cells, 44)
	wcmp := table.Cells[0][0]
	require.True(t, wcmp.Ratio.Significant)
	require.Equal(t, report.TableCell{
		Method: "WCMP", Target: "wcmp", Column: "period-I/wiki", Scenario: "web-large/period-1", Class: "wiki", Metric: "p99",
		Ours: &report.MeasuredCell{
			Runs: 10, Failed: 0.02, Completed: &report.MeasuredValue{Mean: 12.3456, SD: &wcmp.Ours.Completed.SD},
			All:   &report.MeasuredValue{Mean: wcmp.Ours.All.Mean, SD: &wcmp.Ours.All.SD},
			Ratio: &report.TableRatio{Value: wcmp.Ratio.Value, Interval: &eval.Interval{Lo: wcmp.Ratio.Lo, Hi: wcmp.Ratio.Hi}, Significant: true},
		},
		Published: &report.PublishedValue{Mean: 3.014, SD: 0.612, Ratio: &report.TableRatio{Value: wcmp.PublishedRatio.Value, Significant: true}},
	}, d.Cells[0])
	require.Nil(t, d.Cells[4].Ours.Completed, "of LSQ it is not known")
	require.Nil(t, d.Cells[4].Ours.Ratio)
	require.True(t, d.Cells[12].Added)
	require.Nil(t, d.Cells[12].Published)
	last := d.Cells[43]
	require.Equal(t, "distr-lb/vbf+logvbf", last.Target)
	require.NotNil(t, last.Ours)
	require.Nil(t, last.Published)
}

var errFull = errors.New("disk full")

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errFull }

func TestTableWriteErrors(t *testing.T) {
	t.Parallel()
	table, o := exampleTable(t, 16)
	for _, err := range []error{
		report.WriteTableText(fullWriter{}, table, o), report.WriteTableMarkdown(fullWriter{}, table, o),
		report.WriteTableCSV(fullWriter{}, table), report.WriteTableJSON(fullWriter{}, table, o),
	} {
		require.ErrorIs(t, err, errFull)
	}
}

// TestTableCSVIsReadBack: all that the CSV of a table keeps is read back as it was, and
// what cannot be of a table is refused.
func TestTableCSVIsReadBack(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		want, _ := exampleTable(t, number)
		var b bytes.Buffer
		require.NoError(t, report.WriteTableCSV(&b, want))
		file, err := rows.Read("table.csv", bytes.NewReader(b.Bytes()))
		require.NoError(t, err)
		got, err := paper.FilledOf(file)
		require.NoError(t, err)
		require.Equal(t, want.Table, got.Table)
		var again bytes.Buffer
		require.NoError(t, report.WriteTableCSV(&again, got))
		require.Equal(t, b.String(), again.String())
	}

	want, _ := exampleTable(t, 14)
	var b bytes.Buffer
	require.NoError(t, report.WriteTableCSV(&b, want))
	lines := strings.SplitAfter(b.String(), "\n")
	refuse := func(message string, lines ...string) {
		t.Helper()
		file, err := rows.Read("table.csv", strings.NewReader(strings.Join(lines, "")))
		require.NoError(t, err)
		_, err = paper.FilledOf(file)
		require.ErrorIs(t, err, rows.ErrUnreadable)
		require.ErrorContains(t, err, message)
	}
	replaced := func(old, value string) string {
		require.Contains(t, lines[1], old)
		return strings.Replace(lines[1], old, value, 1)
	}
	refuse(`table.csv: record 2: table = "10": must be one of [11 12 13 14 15 16]`, lines[0], replaced("14,LSQ", "10,LSQ"))
	refuse(`record 3: table = "15": must be 14, as in the first record`, lines[0], lines[1], replaced("14,LSQ", "15,LSQ"))
	refuse(`method = "LST": Table 14 has no such row`, lines[0], replaced("LSQ", "LST"))
	refuse(`column = "731": Table 14 has no such column`, lines[0], replaced("731.534", "731"))
	refuse(`record 3: column = "731.534": the row has this cell already`, lines[0], lines[1], lines[1])
	refuse(`all_mean = "-0.31": mean -0.31 must be finite and at least 0`, lines[0], replaced(",0.31,", ",-0.31,"))
}
