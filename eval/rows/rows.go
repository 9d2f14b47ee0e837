// Package rows reads the recorded CSV files of experiments back, so that what is
// drawn of them can be drawn again. It is strict: an error names the file, the
// record, the column and the rule.
package rows

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// ErrUnreadable reports a recorded file that cannot be read back.
var ErrUnreadable = errors.New("recorded file")

// File is a CSV file with a header.
type File struct {
	Name    string
	header  []string
	records [][]string
}

// Read reads a CSV file. name is what errors call it.
func Read(name string, r io.Reader) (*File, error) {
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnreadable, name, err)
	}
	if len(records) < 2 {
		return nil, fmt.Errorf("%w: %s: has no records", ErrUnreadable, name)
	}
	return &File{name, records[0], records[1:]}, nil
}

// Has says whether the file has all of these columns.
func (f *File) Has(columns ...string) bool {
	return !slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(f.header, c) })
}

// Each calls visit with each record and returns the first fault.
func (f *File) Each(visit func(*Record)) error {
	for k, values := range f.records {
		r := &Record{file: f, number: k + 2, values: values}
		visit(r)
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// Record is a line of a file. The first value that is not what is asked for is its
// fault; values after it do not matter.
type Record struct {
	file   *File
	number int
	values []string
	err    error
}

// Refuse makes the value of a column the record's fault.
func (r *Record) Refuse(column, rule string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s: record %d: %s = %q: %s", ErrUnreadable, r.file.Name, r.number, column, r.value(column), rule)
	}
}

func (r *Record) value(column string) string {
	if k := slices.Index(r.file.header, column); k >= 0 {
		return r.values[k]
	}
	return ""
}

// Text returns the value of a column.
func (r *Record) Text(column string) string {
	if !r.file.Has(column) {
		r.Refuse(column, "there is no such column")
	}
	return r.value(column)
}

// Same refuses a value in any of these columns that differs from the first record's.
func (r *Record) Same(columns ...string) {
	first := &Record{file: r.file, values: r.file.records[0]}
	for _, column := range columns {
		if r.Text(column) != first.value(column) {
			r.Refuse(column, "must be that of the first record")
		}
	}
}

// Number returns the finite number in a column.
func (r *Record) Number(column string) float64 {
	x, err := strconv.ParseFloat(r.Text(column), 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		r.Refuse(column, "must be a number")
	}
	return x
}

// Count returns the whole number in a column, which is not negative.
func (r *Record) Count(column string) int {
	n, err := strconv.Atoi(r.Text(column))
	if err != nil || n < 0 {
		r.Refuse(column, "must be a whole number, not negative")
	}
	return n
}

// Bool returns the true or false in a column.
func (r *Record) Bool(column string) bool {
	text := r.Text(column)
	if text != "true" && text != "false" {
		r.Refuse(column, "must be true or false")
	}
	return text == "true"
}
