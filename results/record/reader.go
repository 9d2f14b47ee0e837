package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"fairlb/env/file"
)

// ErrMalformed reports a file that is not a record, or a line of one that is
// not whole.
var ErrMalformed = errors.New("malformed record")

// Row is one row of a record.
type Row struct {
	Type string          // what its "row" field says
	JSON json.RawMessage // the whole object
	Line int             // in the file, the header being line 1
}

// Decode reads the row's fields into v.
func (r Row) Decode(v any) error {
	if err := json.Unmarshal(r.JSON, v); err != nil {
		return fmt.Errorf("record: line %d: row %q: %w", r.Line, r.Type, err)
	}
	return nil
}

// Record is what a file holds.
type Record struct {
	Header Header
	Rows   []Row
	// Truncated says that the last line was cut off, by a crash or because
	// the run still writes it, and has been left out.
	Truncated bool

	sum string // of the last line; empty where lines have none
}

// Read reads a record. Errors that are the file's fault wrap ErrMalformed and
// name file, line and rule.
func Read(path string) (Record, error) {
	r, truncated, _, _, err := scan(path)
	r.Truncated = truncated
	return r, err
}

// scan reads a record, and returns where each of its whole lines ends, in bytes,
// and the line's sum.
func scan(path string) (r Record, truncated bool, ends []int64, sums []string, err error) {
	f, err := file.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil, nil, fmt.Errorf("record: %w", err)
	}
	if err != nil {
		return r, false, nil, nil, fmt.Errorf("record: %w", err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	end := int64(0)
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return r, false, nil, nil, fmt.Errorf("record: %w", err)
		}
		if err == io.EOF {
			if line == 1 {
				return r, false, nil, nil, fmt.Errorf("%s:1: %w: no header", path, ErrMalformed)
			}
			return r, len(text) > 0, ends, sums, nil
		}
		if err := r.add(text, line); err != nil {
			return r, false, nil, nil, fmt.Errorf("%s:%d: %w: %w", path, line, ErrMalformed, err)
		}
		end += int64(len(text))
		ends = append(ends, end)
		sums = append(sums, r.sum)
	}
}

// add reads one line.
func (r *Record) add(text []byte, line int) error {
	if line == 1 {
		if err := json.Unmarshal(text, &r.Header); err != nil {
			return err
		}
		if r.Header.Format < 1 || r.Header.Format > Format || r.Header.Kind == "" {
			return fmt.Errorf("not the header of a record of a format from 1 to %d", Format)
		}
		return r.checkSum(text)
	}
	var row struct {
		Type string `json:"row"`
	}
	if err := json.Unmarshal(text, &row); err != nil {
		return err
	}
	if row.Type == "" {
		return errors.New(`a row must name its type in "row"`)
	}
	if err := r.checkSum(text); err != nil {
		return err
	}
	r.Rows = append(r.Rows, Row{Type: row.Type, JSON: text[:len(text)-1], Line: line})
	return nil
}

// checkSum checks the sum of the next line.
func (r *Record) checkSum(text []byte) (err error) {
	if r.Header.Format > 1 {
		r.sum, err = checkSum(r.sum, text[:len(text)-1])
	}
	return err
}
