package weblog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"

	"fairlb/env"
	"fairlb/env/workload"
)

// Options say how logs are read.
type Options struct {
	RequestTime RequestTime // empty: Auto

	// Stamps says what the times of a log mean: the "begin" of the request
	// (Apache's %t), its "end" (nginx's $time_local, the time of logging), or
	// "auto", which is end if the request time is in seconds, and begin
	// otherwise. From an end the request time is subtracted. Empty: auto.
	Stamps string

	// Reorder is how much earlier (s) than the latest request read so far a
	// request may have begun and still be put in order. 0: 120.
	Reorder float64

	KeepValues bool // keep the values of parameters, and not their names alone
	SkipBad    bool // count bad lines instead of failing at the first
}

// Bounds of the reading.
const (
	maxLine        = 64 << 10 // bytes, the longest line
	maxWindow      = 1 << 20  // the largest number of requests in the window; beyond it the earliest is written
	defaultReorder = 120      // s
)

// FileSummary is what was found in one log.
type FileSummary struct {
	Path        string
	Requests    int
	Skipped     int         // bad lines
	Timed       int         // requests with a request time
	RequestTime RequestTime // how it was read; None if no line had one
}

// Summary is what an import did.
type Summary struct {
	Files    []FileSummary
	Requests int
	Skipped  int
	Duration float64 // s, from the first request to the last
	FirstBad error   // the first line that was skipped
}

// Import reads logs, one after the other in the order given (of rotated logs the
// oldest must come first), and writes the trace of all their requests to out. A file
// that begins as gzip does is unpacked.
//
// Logs have times in whole seconds, and lines in the order of completion. Each
// request is placed in its second uniformly, by a fixed stream of random numbers,
// because the arrivals of a Poisson process are distributed like that given their
// number. Then requests are put in the order of their beginnings, within the window
// of Options.Reorder, and times count from the first of them. A bad line is a
// *workload.TraceError.
func Import(ctx context.Context, logs []string, out io.Writer, opts Options) (Summary, error) {
	im := newImporter(out, opts)
	for _, path := range logs {
		if err := im.file(ctx, path); err != nil {
			return im.summary, err
		}
	}
	if err := im.finish(); err != nil {
		return im.summary, err
	}
	return im.summary, nil
}

// importer is the state of one import.
type importer struct {
	opts    Options
	out     *bufio.Writer
	rng     *rand.Rand
	line    line
	summary Summary

	window      window
	read        int   // the number of requests read
	latest      int64 // us since 1970, the latest beginning of a request
	origin      int64 // us since 1970, the beginning of the first request written
	lastWritten int64 // us since 1970, the beginning of the last request written
	anyWritten  bool  // a request has been written
}

func newImporter(out io.Writer, opts Options) *importer {
	if opts.RequestTime == "" {
		opts.RequestTime = Auto
	}
	if opts.Reorder == 0 {
		opts.Reorder = defaultReorder
	}
	im := &importer{opts: opts, out: bufio.NewWriterSize(out, 1<<16), rng: rand.New(env.Stream(0, "workload/import"))}
	im.out.WriteString("time\tquery\n")
	return im
}

// file reads one log.
func (im *importer) file(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &workload.TraceError{Place: path, Rule: "no such file"}
	}
	if err != nil {
		return fmt.Errorf("weblog: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return &workload.TraceError{Place: path, Rule: "is a folder, not a log"}
	}
	return im.log(ctx, path, f)
}

// log reads one log of the given name.
func (im *importer) log(ctx context.Context, path string, r io.Reader) error {
	in := bufio.NewReaderSize(r, maxLine)
	unpacked := false
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		packed, err := gzip.NewReader(in)
		if err != nil {
			return &workload.TraceError{Place: path, Rule: "damaged gzip file: " + err.Error()}
		}
		in, unpacked = bufio.NewReaderSize(packed, maxLine), true
	}
	im.summary.Files = append(im.summary.Files, FileSummary{Path: path, RequestTime: im.opts.RequestTime})
	s := &im.summary.Files[len(im.summary.Files)-1]
	for number := 1; ; number++ {
		if number%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		text, wrong, err := readLine(in)
		switch {
		case err == io.EOF:
			if s.RequestTime == Auto || s.Timed == 0 {
				s.RequestTime = None
			}
			return nil
		case err != nil && unpacked:
			return &workload.TraceError{Place: path, Rule: "damaged gzip file: " + err.Error()}
		case errors.Is(err, syscall.EISDIR):
			return &workload.TraceError{Place: path, Rule: "is a folder, not a log"}
		case err != nil:
			return fmt.Errorf("weblog: %w", err)
		}
		if wrong.rule == "" {
			wrong, err = im.add(s, text)
			if err != nil {
				return fmt.Errorf("weblog: %w", err)
			}
		}
		if wrong.rule != "" {
			if err := im.reportBad(s, number, wrong); err != nil {
				return err
			}
		}
	}
}

// readLine returns the next line without its line break, or that it is too long;
// then the next call reads the line after it. The line is valid until the next read.
func readLine(in *bufio.Reader) (text []byte, wrong fault, err error) {
	text, err = in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		wrong = fault{append([]byte(nil), text[:100]...), fmt.Sprintf("a line must not be longer than %d bytes", maxLine)}
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice('\n')
		}
		if err == io.EOF {
			err = nil
		}
		return nil, wrong, err
	}
	if err == io.EOF && len(text) > 0 {
		err = nil
	}
	return bytes.TrimRight(text, "\r\n"), fault{}, err
}

// reportBad counts a bad line, or returns it as an error if bad lines are not to be
// skipped.
func (im *importer) reportBad(s *FileSummary, number int, wrong fault) error {
	const limit = 80
	value := strings.ToValidUTF8(string(wrong.value[:min(len(wrong.value), limit)]), "?")
	if len(wrong.value) > limit {
		value += "..."
	}
	err := &workload.TraceError{Place: fmt.Sprintf("%s:%d", s.Path, number), Value: value, Rule: wrong.rule}
	if !im.opts.SkipBad {
		return err
	}
	if im.summary.FirstBad == nil {
		im.summary.FirstBad = err
	}
	s.Skipped++
	im.summary.Skipped++
	return nil
}

// add reads one line and writes the requests that have become certain of their
// place.
func (im *importer) add(s *FileSummary, text []byte) (fault, error) {
	if wrong := im.line.parse(text); wrong.rule != "" {
		return wrong, nil
	}
	us, way, wrong := s.RequestTime.read(im.line.extras)
	if wrong.rule != "" {
		return wrong, nil
	}
	q, wrong := query(im.line.target, im.opts.KeepValues, us)
	if wrong.rule != "" {
		return wrong, nil
	}
	begin := im.line.stamp*1e6 + im.rng.Int64N(1e6)
	if us > 0 && (im.opts.Stamps == "end" || im.opts.Stamps != "begin" && way == Seconds) {
		begin -= us
	}
	if im.anyWritten && begin < im.lastWritten {
		return fault{text, fmt.Sprintf("a request must not begin before one that is written already (here %.1f s): give the oldest log first, or a longer --reorder (%g s)", float64(im.lastWritten-begin)/1e6, im.opts.Reorder)}, nil
	}
	s.RequestTime = way
	if us >= 0 {
		s.Timed++
	}
	s.Requests++
	im.window.push(request{begin, im.read, q})
	im.read++
	im.latest = max(im.latest, begin)
	for len(im.window) > 0 && (len(im.window) > maxWindow || float64(im.latest-im.window[0].begin) > im.opts.Reorder*1e6) {
		if err := im.write(im.window.pop()); err != nil {
			return fault{}, err
		}
	}
	return fault{}, nil
}

// write writes one request.
func (im *importer) write(r request) error {
	if !im.anyWritten {
		im.anyWritten, im.origin = true, r.begin
	}
	im.lastWritten = r.begin
	im.summary.Requests++
	us := r.begin - im.origin
	im.summary.Duration = float64(us) / 1e6
	_, err := fmt.Fprintf(im.out, "%d.%06d\t%s\n", us/1e6, us%1e6, r.query)
	return err
}

// finish writes the requests that are left in the window.
func (im *importer) finish() error {
	for len(im.window) > 0 {
		if err := im.write(im.window.pop()); err != nil {
			return fmt.Errorf("weblog: %w", err)
		}
	}
	if err := im.out.Flush(); err != nil {
		return fmt.Errorf("weblog: %w", err)
	}
	return nil
}
