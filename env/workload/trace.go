package workload

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"fairlb/env/file"
)

// maxTraceLine is the longest line of a trace file, in bytes, its line break
// included.
const maxTraceLine = 64 << 10

// traceHeader is the first line of a trace file.
const traceHeader = "time\tquery"

// TraceError is a fault of a trace file, which its user must mend.
type TraceError struct {
	Place string // "FILE:LINE", "FILE: byte OFFSET" (where the line begins) after a seek, or "FILE"
	Value string // the text that breaks the rule; empty if the rule is about no value
	Rule  string // what is wrong, or what the value must be

	cause error // what the operating system or gzip said, if that was the fault
}

// Error returns the fault on one line.
func (e *TraceError) Error() string {
	if e.Value == "" {
		return e.Place + ": " + e.Rule
	}
	return fmt.Sprintf("%s: value %q: %s", e.Place, e.Value, e.Rule)
}

// Unwrap returns the system's error, if that was the fault.
func (e *TraceError) Unwrap() error { return e.cause }

// Trace reads a file of recorded requests: the header "time<TAB>query", then
// a line for each request with its time in s (finite, not negative, not before the
// line above it) and its query, whose parameter n is a whole number (Next requires
// one, NextRecord does not):
//
//	0.11515061509231506	/dummy.php/?n=5478122
//
// It holds one line at a time and allocates nothing per line, so that files
// of any length stream. A file whose name ends in .gz is read through gzip.
// A Trace is used by one goroutine at a time.
type Trace struct {
	path string
	file io.ReadSeeker
	gz   *gzip.Reader // nil for plain text
	in   *bufio.Reader

	dataStart int64   // the byte at which the first line after the header begins
	lineStart int64   // the byte at which the line read last begins, in the unpacked text
	offset    int64   // the byte after its end
	line      int     // the number of the line read last; 0 if that is unknown, after a seek
	last      float64 // s, the time of the request read last
	err       error   // what stopped reading; nil until then
}

// OpenTrace opens a trace file and checks its header.
func OpenTrace(path string) (*Trace, error) {
	f, err := file.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &TraceError{Place: path, Rule: "no such file", cause: err}
	}
	if errors.Is(err, syscall.EISDIR) {
		return nil, &TraceError{Place: path, Rule: "is a folder, not a trace file", cause: err}
	}
	if errors.Is(err, file.ErrNotRegular) {
		return nil, &TraceError{Place: path, Rule: "is " + errors.Unwrap(err).Error(), cause: err}
	}
	if err != nil {
		return nil, fmt.Errorf("workload: trace: %w", err)
	}
	t, err := newTrace(path, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

// newTrace reads a trace from a file of the given name.
func newTrace(path string, file io.ReadSeeker) (*Trace, error) {
	t := &Trace{path: path, file: file, in: bufio.NewReaderSize(nil, maxTraceLine)}
	if strings.HasSuffix(path, ".gz") {
		t.gz = new(gzip.Reader)
	}
	if err := t.readHeader(); err != nil {
		return nil, err
	}
	return t, nil
}

// Rewind starts again with the first request.
func (t *Trace) Rewind() error {
	if _, err := t.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("workload: trace: %w", err)
	}
	return t.readHeader()
}

// readHeader reads the header. The file must be at its first byte.
func (t *Trace) readHeader() error {
	t.offset, t.line, t.last, t.err = 0, 0, 0, nil
	var source io.Reader = t.file
	if t.gz != nil {
		if err := t.gz.Reset(t.file); err != nil {
			return &TraceError{Place: t.path, Rule: "not a gzip file", cause: err}
		}
		source = t.gz
	}
	t.in.Reset(source)
	t.line = 1
	line, err := t.readLine()
	if err != nil && err != io.EOF {
		return err
	}
	if string(line) != traceHeader {
		return t.fault(line, `line 1 must be the header "time<TAB>query"`)
	}
	t.dataStart = t.offset
	return nil
}

// SeekFraction goes to the first line that begins at or after the fraction f, in
// [0, 1], of the file's data, counted in bytes. From there on line numbers are
// unknown, so that errors name bytes instead. It fails for gzip files.
func (t *Trace) SeekFraction(f float64) error {
	if t.gz != nil {
		return &TraceError{Place: t.path, Rule: "cannot start inside a gzip file: unpack it first"}
	}
	if !(f >= 0 && f <= 1) {
		return fmt.Errorf("workload: trace: fraction %v: must be in [0, 1]", f)
	}
	end, err := t.file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("workload: trace: %w", err)
	}
	// It starts from the byte before, so that a line that begins right there is not
	// skipped.
	offset := t.dataStart + int64(f*float64(end-t.dataStart)) - 1
	if _, err := t.file.Seek(offset, io.SeekStart); err != nil {
		return fmt.Errorf("workload: trace: %w", err)
	}
	t.in.Reset(t.file)
	t.offset, t.line, t.last, t.err = offset, 0, 0, nil
	if _, err := t.readLine(); err != nil && err != io.EOF {
		return err
	}
	return nil
}

// seekLine goes to a line that was read before. It fails for gzip files.
func (t *Trace) seekLine(line indexedLine) error {
	if t.gz != nil {
		return &TraceError{Place: t.path, Rule: "cannot start inside a gzip file: unpack it first"}
	}
	if _, err := t.file.Seek(line.offset, io.SeekStart); err != nil {
		return fmt.Errorf("workload: trace: %w", err)
	}
	t.in.Reset(t.file)
	t.offset, t.line, t.last, t.err = line.offset, line.line-1, 0, nil
	return nil
}

// Record is one line of a trace.
type Record struct {
	Time  float64 // s
	Query []byte  // as it stands in the file; valid until the next line is read
	N     float64 // the value of the query's parameter n
	HasN  bool    // whether it has one
}

// Path returns the query's part before its parameters.
func (r *Record) Path() []byte {
	if end := bytes.IndexAny(r.Query, "?#"); end >= 0 {
		return r.Query[:end]
	}
	return r.Query
}

// Next returns the time (s) and the n of the next request, or io.EOF after the
// last one. A request without an n is a fault. After a fault it returns
// the same fault again.
func (t *Trace) Next() (time, n float64, err error) {
	r, err := t.NextRecord()
	if err == nil && !r.HasN {
		t.err = t.fault(r.Query, numberRule)
		err = t.err
	}
	return r.Time, r.N, err
}

// NextRecord returns the next request, which need not have an n, or io.EOF after
// the last one. After a fault it returns the same fault again.
func (t *Trace) NextRecord() (Record, error) {
	var r Record
	if t.err == nil {
		r, t.err = t.next()
	}
	if t.err != nil {
		return Record{}, t.err
	}
	t.last = r.Time
	return r, nil
}

// Refuse returns the fault that the record read last breaks a rule of the caller.
// As after any other fault, the trace reads no further.
func (t *Trace) Refuse(value []byte, rule string) error {
	t.err = t.fault(value, rule)
	return t.err
}

// numberRule is the rule for the parameter n.
const numberRule = "a query must have a parameter n, a whole number up to 2^53"

// next reads and checks one line.
func (t *Trace) next() (r Record, err error) {
	if t.line > 0 {
		t.line++
	}
	line, err := t.readLine()
	if err != nil {
		return r, err
	}
	if len(line) == 0 {
		if _, err := t.in.Peek(1); err == io.EOF {
			return r, io.EOF
		}
		return r, t.fault(line, "an empty line")
	}
	stamp, query, found := bytes.Cut(line, []byte{'\t'})
	if !found || bytes.IndexByte(query, '\t') >= 0 {
		return r, t.fault(line, "a line must be time<TAB>query")
	}
	time, ok := parseSeconds(stamp)
	switch {
	case !ok:
		return r, t.fault(stamp, "a time must be a finite number of seconds, not negative")
	case time < t.last:
		return r, t.fault(stamp, fmt.Sprintf("a time must not be before the line above it (%v)", t.last))
	}
	r.Time, r.Query = time, query
	digits, found := queryN(query)
	if !found {
		return r, nil
	}
	if r.N, r.HasN = wholeNumber(digits); !r.HasN {
		return r, t.fault(query, numberRule)
	}
	return r, nil
}

// readLine returns the next line without its line break, or io.EOF if there is
// none. The line is valid until the next read.
func (t *Trace) readLine() ([]byte, error) {
	t.lineStart = t.offset
	line, err := t.in.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return nil, t.fault(line, fmt.Sprintf("a line must not be longer than %d bytes", maxTraceLine))
	case err == io.EOF && len(line) == 0:
		return nil, io.EOF
	case err != nil && err != io.EOF && t.gz != nil:
		return nil, &TraceError{Place: t.place(), Rule: "damaged gzip file: " + err.Error(), cause: err}
	case err != nil && err != io.EOF:
		return nil, fmt.Errorf("workload: trace: %w", err)
	}
	t.offset += int64(len(line))
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}

// place names the line that is being read, for an error.
func (t *Trace) place() string {
	if t.line > 0 {
		return fmt.Sprintf("%s:%d", t.path, t.line)
	}
	return fmt.Sprintf("%s: byte %d", t.path, t.lineStart)
}

// fault returns the error that a line, or a part of it, breaks a rule.
func (t *Trace) fault(value []byte, rule string) error {
	const limit = 80
	text := strings.ToValidUTF8(string(value[:min(len(value), limit)]), "?")
	if len(value) > limit {
		text += "..."
	}
	return &TraceError{Place: t.place(), Value: text, Rule: rule}
}

// Close closes the file.
func (t *Trace) Close() error {
	t.err = fs.ErrClosed
	if c, ok := t.file.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// parseSeconds reads a decimal number that is finite and not negative.
func parseSeconds(text []byte) (float64, bool) {
	for _, c := range text {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	// The conversion stays on the stack: ParseFloat keeps no reference.
	s, err := strconv.ParseFloat(string(text), 64)
	return s, err == nil && s >= 0
}

// queryN returns the text of the parameter n of a query such as
// /dummy.php/?k=v&n=12#top, the first one if there are several.
func queryN(query []byte) (digits []byte, found bool) {
	query, _, _ = bytes.Cut(query, []byte{'#'})
	_, rest, found := bytes.Cut(query, []byte{'?'})
	for found {
		var pair []byte
		pair, rest, found = bytes.Cut(rest, []byte{'&'})
		if digits, ok := bytes.CutPrefix(pair, []byte("n=")); ok {
			return digits, true
		}
	}
	return nil, false
}

// wholeNumber reads digits, up to the 2^53 to which a float64 is exact.
func wholeNumber(digits []byte) (float64, bool) {
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = 10*n + uint64(c-'0'); n > 1<<53 {
			return 0, false
		}
	}
	return float64(n), len(digits) > 0
}
