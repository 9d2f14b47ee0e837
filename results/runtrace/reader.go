package runtrace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"fairlb/env/file"
)

// ErrMalformed reports a file that is no trace of a run, or a line that is none.
var ErrMalformed = errors.New("malformed trace of a run")

// maxLine is how long (bytes) a line may be.
const maxLine = 64 << 20

// Reader reads a file line by line, also one that is still written.
type Reader struct {
	name     string
	in       *bufio.Reader
	line     int    // whole lines so far
	part     []byte // of the line that is not whole yet
	header   *Header
	before   float64 // the time of the step before; negative: there is none
	capacity []float64
	ended    bool
}

// NewReader returns a reader; name is what errors call the file.
func NewReader(name string, in io.Reader) *Reader {
	return &Reader{name: name, in: bufio.NewReader(in), before: -1}
}

// Header returns the first line. While that is not whole, the error is io.EOF, and it may be
// asked for again.
func (r *Reader) Header() (Header, error) {
	if r.header != nil {
		return *r.header, nil
	}
	line, err := r.read()
	if err != nil {
		return Header{}, err
	}
	var h Header
	if err := decode(line, &h); err != nil {
		return Header{}, r.fault(err)
	}
	if err := h.check(); err != nil {
		return Header{}, r.fault(err)
	}
	r.header = &h
	return h, nil
}

// Next returns the next step, with the capacities that hold if any have been written. At
// the end, and at a last line that is not whole, the error is io.EOF; if the file is still
// written it may be asked again.
func (r *Reader) Next() (Step, error) {
	if _, err := r.Header(); err != nil {
		return Step{}, err
	}
	line, err := r.read()
	if err != nil {
		return Step{}, err
	}
	var s Step
	if err := decode(line, &s); err != nil {
		return Step{}, r.fault(err)
	}
	if r.ended {
		return Step{}, r.fault(errors.New("a line behind the one whose end is true"))
	}
	if err := s.check(r.header, r.before); err != nil {
		return Step{}, r.fault(err)
	}
	if s.Capacity == nil {
		s.Capacity = r.capacity
	}
	r.before, r.capacity, r.ended = s.Time, s.Capacity, s.End
	return s, nil
}

// read reads the next whole line.
func (r *Reader) read() ([]byte, error) {
	for {
		part, err := r.in.ReadSlice('\n')
		r.part = append(r.part, part...)
		switch {
		case len(r.part) > maxLine:
			r.line++
			return nil, r.fault(fmt.Errorf("a line of more than %d bytes", maxLine))
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		line := r.part
		r.part = nil
		r.line++
		return line, nil
	}
}

// fault is an error of the line that was read last. Each of several faults names file and
// line.
func (r *Reader) fault(err error) error {
	faults := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		faults = several.Unwrap()
	}
	var list []error
	for _, f := range faults {
		list = append(list, fmt.Errorf("%s:%d: %w: %w", r.name, r.line, ErrMalformed, f))
	}
	return errors.Join(list...)
}

// decode decodes a line that is one object and has no fields but those of x.
func decode(line []byte, x any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	err := d.Decode(x)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s: %s: must be %s", kind.Field, kind.Value, kind.Type)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("no whole object of JSON")
	case err != nil:
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one object of JSON")
	}
	return nil
}

// Run is a whole file.
type Run struct {
	Header Header
	Steps  []Step
}

// Read reads a file as far as it has been written. A file without a step is malformed.
func Read(path string) (*Run, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, fmt.Errorf("runtrace: %w", err)
	}
	defer f.Close()
	r := NewReader(path, f)
	var run Run
	if run.Header, err = r.Header(); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s:1: %w: no header", path, ErrMalformed)
	} else if err != nil {
		return nil, err
	}
	for {
		s, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && len(run.Steps) == 0:
			return nil, fmt.Errorf("%s:2: %w: no step has been written", path, ErrMalformed)
		case errors.Is(err, io.EOF):
			return &run, nil
		case err != nil:
			return nil, err
		}
		run.Steps = append(run.Steps, s)
	}
}
