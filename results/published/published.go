package published

import (
	"bytes"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ErrUnknownTable reports a table of which nothing is published here.
var ErrUnknownTable = errors.New("published: unknown table")

// Cell is one printed value of a table.
type Cell struct {
	Method string // as printed: "WCMP", "Distr-LB", ...
	Reward string // as printed: "VBF+logVBF"; empty for a heuristic
	Column string // key of the column: "period-I/wiki", "731.534", "wiki/p95"

	Mean, SD float64 // s; both 0 where Missing
	Missing  bool    // the text of the paper lost the value
}

//go:embed table*.csv
var files embed.FS

// header is the first record of every file.
const header = "method,reward,column,mean,sd"

// Tables returns the numbers of the tables, in ascending order: those of the files
// that are embedded.
func Tables() []int {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("published: the embedded folder cannot be read")
	}
	var numbers []int
	for _, entry := range entries {
		var number int
		if _, err := fmt.Sscanf(entry.Name(), "table%d.csv", &number); err == nil {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Cells returns the cells of a table, row by row as the paper prints them.
// The caller owns the slice. A number not in Tables gives ErrUnknownTable.
func Cells(table int) ([]Cell, error) {
	name := fileName(table)
	data, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w %d: the paper's tables of results are %v", ErrUnknownTable, table, Tables())
	}
	return parse(name, data)
}

func fileName(table int) string { return fmt.Sprintf("table%d.csv", table) }

// parse reads one file. An error names the file, the line and the rule.
func parse(name string, data []byte) ([]Cell, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = strings.Count(header, ",") + 1
	first, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("published: %s: %w", name, err)
	}
	if got := strings.Join(first, ","); got != header {
		return nil, fmt.Errorf("published: %s:1: header is %q, want %q", name, got, header)
	}
	var cells []Cell
	seen := make(map[[3]string]bool)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return cells, nil
		}
		if err != nil {
			return nil, fmt.Errorf("published: %s: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		cell, err := parseCell(record)
		if err != nil {
			return nil, fmt.Errorf("published: %s:%d: %w", name, line, err)
		}
		key := [3]string{cell.Method, cell.Reward, cell.Column}
		if seen[key] {
			return nil, fmt.Errorf("published: %s:%d: cell %q appears twice", name, line, key)
		}
		seen[key] = true
		cells = append(cells, cell)
	}
}

// parseCell reads the five fields of a record.
func parseCell(record []string) (Cell, error) {
	c := Cell{Method: record[0], Reward: record[1], Column: record[2]}
	if c.Method == "" || c.Column == "" {
		return Cell{}, errors.New("method and column must not be empty")
	}
	if record[3] == "" && record[4] == "" {
		c.Missing = true
		return c, nil
	}
	for _, f := range []struct {
		name, text string
		dst        *float64
	}{{"mean", record[3], &c.Mean}, {"sd", record[4], &c.SD}} {
		v, err := strconv.ParseFloat(f.text, 64)
		if err != nil {
			return Cell{}, fmt.Errorf("%s %q is not a number", f.name, f.text)
		}
		if !(v >= 0) || math.IsInf(v, 0) {
			return Cell{}, fmt.Errorf("%s %q must be finite and at least 0", f.name, f.text)
		}
		*f.dst = v
	}
	return c, nil
}
