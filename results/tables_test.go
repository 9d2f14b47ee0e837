package results

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/eval/paper"
)

var update = flag.Bool("update", false, "write the golden files anew")

// exampleTable returns a table and made-up values: Distr-LB beats the
// heuristics from the second column on, QMix-LB and Centr-LB do not exist.
func exampleTable(t *testing.T, number int) (paper.Table, Measured, Options) {
	t.Helper()
	table, err := paper.Get(number)
	require.NoError(t, err)
	profile, err := paper.ProfileNamed("standard")
	require.NoError(t, err)
	measured := func(row, col int) (Value, bool) {
		r := table.Rows[row]
		switch r.MethodID {
		case "qmix-lb", "centr-lb":
			return Value{}, false
		case "wcmp":
			return Value{Mean: 12.3456 + float64(col), SD: 3.21, N: 10}, true
		case "lsq", "sed":
			return Value{Mean: 0.31 + 0.1*float64(col) - 0.01*float64(row), SD: 0.0456, N: 10}, true
		}
		return Value{Mean: 0.3 + 0.09*float64(col) + 0.001*float64(row), SD: 0.0123, N: 30}, true
	}
	return table, measured, Options{Profile: profile, Command: fmt.Sprintf("fairlb tables %d --profile standard", number)}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "make it with: go test ./results -update")
	require.Equal(t, string(want), string(got))
}

func TestTextGolden(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		t.Run(strconv.Itoa(number), func(t *testing.T) {
			t.Parallel()
			table, measured, o := exampleTable(t, number)
			var b bytes.Buffer
			require.NoError(t, WriteText(&b, table, measured, o))
			golden(t, fmt.Sprintf("table%d.txt", number), b.Bytes())
		})
	}
}

func TestMarkdownGolden(t *testing.T) {
	t.Parallel()
	table, measured, o := exampleTable(t, 13)
	var b bytes.Buffer
	require.NoError(t, WriteMarkdown(&b, table, measured, o))
	golden(t, "table13.md", b.Bytes())
}

// No line is wider than MaxWidth, ends in blanks or, in the body, is cut.
func TestTextWidth(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		table, _, o := exampleTable(t, number)
		o.Warnings = []string{strings.Repeat("The agents of this run were trained on less than they should. ", 5)}
		for name, measured := range map[string]Measured{
			"nothing": func(int, int) (Value, bool) { return Value{}, false },
			"small":   func(int, int) (Value, bool) { return Value{Mean: 0.00012, SD: 0.00003, N: 3}, true },
			"tens":    func(int, int) (Value, bool) { return Value{Mean: 39.99999, SD: 12.3456, N: 3}, true },
			"large":   func(int, int) (Value, bool) { return Value{Mean: 9999.4, SD: 1234.5, N: 3}, true },
			"one run": func(int, int) (Value, bool) { return Value{Mean: 1, SD: math.NaN(), N: 1}, true },
		} {
			var b bytes.Buffer
			require.NoError(t, WriteText(&b, table, measured, o))
			require.NotContains(t, b.String(), "…", "table %d, %s", number, name)
			for _, line := range strings.Split(b.String(), "\n") {
				require.LessOrEqual(t, utf8.RuneCountInString(line), MaxWidth, "table %d, %s: %s", number, name, line)
				require.Equal(t, strings.TrimRight(line, " "), line)
			}
		}
	}
}

// Each line of the paper holds its published values, all and in order; each
// line of ours the measured ones.
func TestTextShowsEveryCell(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		table, measured, o := exampleTable(t, number)
		var b bytes.Buffer
		require.NoError(t, WriteText(&b, table, measured, o))
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
				if v, ok := measured(i, j); ok {
					want = seconds(v.Mean) + "±" + seconds(v.SD)
				}
				require.Equal(t, want, strings.TrimPrefix(ours[i][j], "*"))
				want = "-"
				if mean, sd, ok := table.Published(i, j); ok {
					want = seconds(mean) + "±" + seconds(sd)
				}
				require.Equal(t, want, published[i][j])
			}
		}
	}
}

func TestBestOfEachColumn(t *testing.T) {
	t.Parallel()
	table, _, _ := exampleTable(t, 15)
	means := [][]float64{{2, 2, -1}, {1, 2, -1}, {3, 3, -1}, {1, -1, -1}} // -1: not measured
	g, err := collect(table, func(row, col int) (Value, bool) {
		if col >= 3 || means[row][col] < 0 {
			return Value{}, false
		}
		return Value{Mean: means[row][col], N: 2}, true
	})
	require.NoError(t, err)
	for i, want := range [][]bool{{false, true, false}, {true, true, false}, {false, false, false}, {true, false, false}} {
		for j := range want {
			require.Equal(t, want[j], g[i][j].best, "row %d, column %d", i, j)
		}
	}
}

func TestCSVRoundTrip(t *testing.T) {
	t.Parallel()
	for _, number := range paper.Numbers() {
		table, measured, _ := exampleTable(t, number)
		var b bytes.Buffer
		require.NoError(t, WriteCSV(&b, table, measured))
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
			if v, ok := measured(i, j); ok {
				want[0], want[1], want[2] = v.Mean, v.SD, float64(v.N)
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
	table, _, o := exampleTable(t, 13)
	once := func(int, int) (Value, bool) { return Value{Mean: 1.5, SD: math.NaN(), N: 1}, true }
	var text, data bytes.Buffer
	require.NoError(t, WriteText(&text, table, once, o))
	require.Contains(t, text.String(), "*1.500  ")
	require.NotContains(t, text.String(), "NaN")
	require.Contains(t, text.String(), "Ours: one run a cell.")
	require.NoError(t, WriteCSV(&data, table, once))
	require.Contains(t, data.String(), "\n13,WCMP,,period-I/wiki,p99,s,1.5,,1,3.014,0.612,best\n")
}

func TestJSON(t *testing.T) {
	t.Parallel()
	table, measured, o := exampleTable(t, 13)
	o.Warnings = []string{"few seeds"}
	var b bytes.Buffer
	require.NoError(t, WriteJSON(&b, table, measured, o))
	require.Contains(t, b.String(), `"ours": null`)
	require.Contains(t, b.String(), `"published": null`)
	var d Document
	decoder := json.NewDecoder(&b)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&d))
	require.Equal(t, 13, d.Table)
	require.Equal(t, "standard", d.Profile.Name)
	require.Equal(t, []string{"few seeds"}, d.Warnings)
	require.Len(t, d.Notes, len(table.Notes))
	require.Len(t, d.Cells, 32)
	sd := 3.21
	require.Equal(t, CellRecord{
		Method: "WCMP", Target: "wcmp", Column: "period-I/wiki", Scenario: "web-large/period-1", Class: "wiki", Metric: "p99",
		Ours: &Ours{Mean: 12.3456, SD: &sd, N: 10}, Published: &Published{Mean: 3.014, SD: 0.612},
	}, d.Cells[0])
	last := d.Cells[31]
	require.Equal(t, "distr-lb/vbf+logvbf", last.Target)
	require.NotNil(t, last.Ours)
	require.Nil(t, last.Published)
}

func TestInvalidValues(t *testing.T) {
	t.Parallel()
	table, _, o := exampleTable(t, 14)
	for _, c := range []struct {
		value   Value
		message string
	}{
		{Value{Mean: 1}, "0 runs, want at least 1"},
		{Value{Mean: math.NaN(), N: 1}, "mean NaN must be finite and at least 0"},
		{Value{Mean: math.Inf(1), N: 1}, "mean +Inf must be finite and at least 0"},
		{Value{Mean: -1, N: 1}, "mean -1 must be finite and at least 0"},
		{Value{Mean: 1, SD: math.NaN(), N: 2}, "sd NaN must be finite and at least 0"},
	} {
		measured := func(row, col int) (Value, bool) { return c.value, row == 3 && col == 1 }
		var b bytes.Buffer
		for _, err := range []error{
			WriteText(&b, table, measured, o), WriteMarkdown(&b, table, measured, o),
			WriteCSV(&b, table, measured), WriteJSON(&b, table, measured, o),
		} {
			require.ErrorIs(t, err, ErrValue)
			require.EqualError(t, err,
				`results: invalid measured value: table 14, distr-lb/vbf+logvbf, column "1097.3": `+c.message)
		}
		require.Empty(t, b.Bytes())
	}
}

var errFull = errors.New("disk full")

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	table, measured, o := exampleTable(t, 16)
	for _, err := range []error{
		WriteText(fullWriter{}, table, measured, o), WriteMarkdown(fullWriter{}, table, measured, o),
		WriteCSV(fullWriter{}, table, measured), WriteJSON(fullWriter{}, table, measured, o),
	} {
		require.ErrorIs(t, err, errFull)
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0.000"}, {0.0004, "0.000"}, {0.1356, "0.136"}, {9.9994, "9.999"}, {9.9996, "10.00"},
		{12.345, "12.35"}, {99.996, "100.0"}, {123.45, "123.5"}, {999.96, "1000"}, {40000, "40000"},
	} {
		require.Equal(t, c.want, seconds(c.v), "%g", c.v)
	}
}

func TestSeedRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seeds []uint64
		want  string
	}{
		{nil, "-"}, {[]uint64{7}, "7"}, {[]uint64{1, 2, 3}, "1-3"}, {[]uint64{1, 2, 5, 9, 10}, "1-2,5,9-10"}, {[]uint64{3, 2}, "3,2"},
	} {
		require.Equal(t, c.want, seedRanges(c.seeds))
	}
}
