package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrExists reports a record that Create would have overwritten.
var ErrExists = errors.New("a record is there already")

// ErrRows reports a record that has fewer rows than the run that is resumed had
// written.
var ErrRows = errors.New("rows are missing")

// Writer appends rows to a record. It is used by one goroutine at a time.
type Writer struct {
	f   *os.File
	err error // the first failure; every later Write repeats it

	summed bool   // whether lines have sums
	sum    string // of the last line
}

// Create starts a record. It fails with ErrExists if path is there already,
// unless overwrite is set. Format, Go, Platform and Version of the header are
// Create's to set.
func Create(path string, h Header, overwrite bool) (*Writer, error) {
	h.stamp()
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("record: header of %s: %w", path, err)
	}
	mode := os.O_EXCL
	if overwrite {
		mode = os.O_TRUNC
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|mode, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("record: %s: %w", path, ErrExists)
	}
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	w := &Writer{f: f, summed: true}
	if err := w.writeLine(line); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// Resume opens a record to write on after its first rows rows, for a run that is
// resumed from a state in which it had written so many. Later rows, and a last line
// that a crash cut off, are removed. It fails with ErrRows, and leaves the record as
// it is, if there are fewer rows.
func Resume(path string, rows int) (*Writer, error) {
	r, _, ends, sums, err := scan(path)
	if err != nil {
		return nil, err
	}
	if len(r.Rows) < rows {
		return nil, fmt.Errorf("%s: %w: there are %d, the run had written %d", path, ErrRows, len(r.Rows), rows)
	}
	end := ends[rows]
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if err := f.Truncate(end); err != nil {
		return nil, errors.Join(fmt.Errorf("record: %w", err), f.Close())
	}
	return &Writer{f: f, summed: r.Header.Format > 1, sum: sums[rows]}, nil
}

// Write adds a row of the given type with the fields of v, which must encode as a JSON
// object without a field "row". When Write returns the operating system has the line;
// Sync brings it to disk.
func (w *Writer) Write(row string, v any) error {
	if w.err != nil {
		return w.err
	}
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("record: row %q: %w", row, err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return fmt.Errorf("record: row %q: %T is not a JSON object", row, v)
	}
	if _, taken := fields["row"]; taken {
		return fmt.Errorf("record: row %q: %T has a field \"row\" of its own", row, v)
	}
	name, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("record: row %q: %w", row, err)
	}
	line := append([]byte(`{"row":`), name...)
	if len(fields) > 0 {
		line = append(line, ',')
	}
	return w.writeLine(append(line, body[1:]...))
}

// writeLine writes one line by one call, so that only a crash can cut it.
func (w *Writer) writeLine(line []byte) error {
	if w.summed {
		w.sum = sumOf(w.sum, line)
		line = withSum(line, w.sum)
	}
	if _, err := w.f.Write(append(line, '\n')); err != nil {
		w.err = fmt.Errorf("record: %w", err)
	}
	return w.err
}

// Sync brings what was written to disk.
func (w *Writer) Sync() error {
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// Close brings the record to disk and closes it.
func (w *Writer) Close() error {
	if err := errors.Join(w.f.Sync(), w.f.Close()); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}
