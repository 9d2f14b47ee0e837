package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/eval/paper"
	"fairlb/results/report"
)

// exampleTable returns a table with made-up values: Distr-LB beats the heuristics
// from the second column on, QMix-LB and Centr-LB do not exist.
func exampleTable(t *testing.T, number int) (*paper.Filled, report.TableOptions) {
	t.Helper()
	table, err := paper.Get(number)
	require.NoError(t, err)
	profile, err := paper.ProfileNamed("standard")
	require.NoError(t, err)
	filled := fill(t, number, func(row, col int) (paper.Value, bool) {
		r := table.Rows[row]
		switch r.MethodID {
		case "qmix-lb", "centr-lb":
			return paper.Value{}, false
		case "wcmp":
			return paper.Value{Mean: 12.3456 + float64(col), SD: 3.21, N: 10}, true
		case "lsq", "sed":
			return paper.Value{Mean: 0.31 + 0.1*float64(col) - 0.01*float64(row), SD: 0.0456, N: 10}, true
		}
		return paper.Value{Mean: 0.3 + 0.09*float64(col) + 0.001*float64(row), SD: 0.0123, N: 30}, true
	})
	return filled, report.TableOptions{Profile: profile, Command: fmt.Sprintf("fairlb tables %d --profile standard", number)}
}

func fill(t *testing.T, number int, value func(row, col int) (paper.Value, bool)) *paper.Filled {
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

// No line is wider than report.MaxWidth, ends in blanks or, in the body, is cut.
func TestTableTextWidth(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		_, o := exampleTable(t, number)
		o.Warnings = []string{strings.Repeat("The agents of this run were trained on less than they should. ", 5)}
		for name, value := range map[string]func(int, int) (paper.Value, bool){
			"nothing": func(int, int) (paper.Value, bool) { return paper.Value{}, false },
			"small":   func(int, int) (paper.Value, bool) { return paper.Value{Mean: 0.00012, SD: 0.00003, N: 3}, true },
			"tens":    func(int, int) (paper.Value, bool) { return paper.Value{Mean: 39.99999, SD: 12.3456, N: 3}, true },
			"large":   func(int, int) (paper.Value, bool) { return paper.Value{Mean: 9999.4, SD: 1234.5, N: 3}, true },
			"one run": func(int, int) (paper.Value, bool) { return paper.Value{Mean: 1, SD: math.NaN(), N: 1}, true },
		} {
			var b bytes.Buffer
			require.NoError(t, report.WriteTableText(&b, fill(t, number, value), o))
			require.NotContains(t, b.String(), "…", "table %d, %s", number, name)
			for _, line := range strings.Split(b.String(), "\n") {
				require.LessOrEqual(t, utf8.RuneCountInString(line), report.MaxWidth, "table %d, %s: %s", number, name, line)
				require.Equal(t, strings.TrimRight(line, " "), line)
			}
		}
	}
}

// Each line of the paper holds its published values, all and in order; each
// line of ours the measured ones.
func TestTableTextShowsEveryCell(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		table, o := exampleTable(t, number)
		var b bytes.Buffer
		require.NoError(t, report.WriteTableText(&b, table, o))
		body, _, _ := strings.Cut(b.String(), "\nOurs: ")
		var ours, published [][]string
		for _, line := range strings.Split(body, "\n") {
			line = strings.ReplaceAll(line, " ± ", "±")
			if _, cells, ok := strings.Cut(line, " ours "); ok {
				ours = append(ours, strings.Fields(cells))
			}
			if _, cells, ok := strings.Cut(line, " paper "); ok {
				published = append(published, strings.Fields(cells))
			}
		}
		require.Len(t, ours, len(table.Rows))
		require.Len(t, published, len(table.Rows))
		for i := range table.Rows {
			require.Len(t, ours[i], len(table.Columns))
			require.Len(t, published[i], len(table.Columns))
			for j := range table.Columns {
				want := "-"
				if c := table.Cells[i][j]; c.Measured {
					want = report.Seconds(c.Ours.Mean) + "±" + report.Seconds(c.Ours.SD)
				}
				require.Equal(t, want, strings.TrimPrefix(ours[i][j], "*"))
				want = "-"
				if mean, sd, ok := table.Published(i, j); ok {
					want = report.Seconds(mean) + "±" + report.Seconds(sd)
				}
				require.Equal(t, want, published[i][j])
			}
		}
	}
}

func TestTableCSVRoundTrip(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		table, _ := exampleTable(t, number)
		var b bytes.Buffer
		require.NoError(t, report.WriteTableCSV(&b, table))
		records, err := csv.NewReader(&b).ReadAll()
		require.NoError(t, err)
		require.Equal(t, strings.Split(
			"table,method,reward,column,metric,unit,ours_mean,ours_sd,ours_n,published_mean,published_sd,mark", ","), records[0])
		require.Len(t, records[1:], len(table.Rows)*len(table.Columns))
		for k, record := range records[1:] {
			i, j := k/len(table.Columns), k%len(table.Columns)
			r, c := table.Rows[i], table.Columns[j]
			require.Equal(t, []string{strconv.Itoa(number), r.Method, r.Reward, c.Key, c.Metric.String(), "s"}, record[:6])
			var numbers []float64
			for _, field := range record[6:11] {
				v := math.Inf(-1)
				if field != "" {
					v, err = strconv.ParseFloat(field, 64)
					require.NoError(t, err)
				}
				numbers = append(numbers, v)
			}
			none := math.Inf(-1)
			want := []float64{none, none, none, none, none}
			if c := table.Cells[i][j]; c.Measured {
				want[0], want[1], want[2] = c.Ours.Mean, c.Ours.SD, float64(c.Ours.N)
			}
			if mean, sd, ok := table.Published(i, j); ok {
				want[3], want[4] = mean, sd
			}
			require.Equal(t, want, numbers, "%v", record)
		}
	}
}

func TestSingleRunHasNoSD(t *testing.T) {
	t.Parallel()
	_, o := exampleTable(t, 13)
	once := fill(t, 13, func(int, int) (paper.Value, bool) { return paper.Value{Mean: 1.5, SD: math.NaN(), N: 1}, true })
	var text, data bytes.Buffer
	require.NoError(t, report.WriteTableText(&text, once, o))
	require.Contains(t, text.String(), "*1.500  ")
	require.NotContains(t, text.String(), "NaN")
	require.Contains(t, text.String(), "Ours: one run a cell.")
	require.NoError(t, report.WriteTableCSV(&data, once))
	require.Contains(t, data.String(), "\n13,WCMP,,period-I/wiki,p99,s,1.5,,1,3.014,0.612,best\n")
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
	require.Len(t, d.Cells, 32)
	sd := 3.21
	require.Equal(t, report.TableCell{
		Method: "WCMP", Target: "wcmp", Column: "period-I/wiki", Scenario: "web-large/period-1", Class: "wiki", Metric: "p99",
		Ours: &report.MeasuredValue{Mean: 12.3456, SD: &sd, N: 10}, Published: &report.PublishedValue{Mean: 3.014, SD: 0.612},
	}, d.Cells[0])
	last := d.Cells[31]
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
