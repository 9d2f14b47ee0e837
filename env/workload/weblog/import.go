package weblog

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"fairlb/env"
	"fairlb/env/workload"
)

// Options say how logs are read.
type Options struct {
	// Format names a format or a family of formats of the table. Empty: it is found.
	Format string

	// LogFormat is the server's own format string; Format says whose it is.
	LogFormat string

	// Fields names the fields of JSON lines or the columns of a table: ROLE=NAME or
	// ROLE=NAME:UNIT. Empty: they are those of the format.
	Fields []string

	// RequestTime is "none", to read no request times, or which field behind those of
	// the common or combined log format is the request time, and its unit: "2:ms",
	// "rt:s". Empty: as the format has it.
	RequestTime string

	// Stamps says what the times of a log are of: the "begin" of a request, or its
	// "end", from which the request time is subtracted. Empty: as the format has it.
	Stamps string

	// Reorder is how much earlier (s) than the latest request read so far a
	// request may have begun and still be put in order. 0: 120.
	Reorder float64

	KeepValues bool // keep the values of parameters, and not their names alone
	SkipBad    bool // count bad lines instead of failing at the first

	Stdin io.Reader // what the log "-" is; nil: there is none

	// Servers takes which server each request was sent to, and how long it was in
	// which place; nil: that is not kept. ServersJSON has it as JSON lines.
	Servers     io.Writer
	ServersJSON bool

	// Show is told what a log was found to be, before it is read; nil: nobody is.
	Show func(Found)
}

// Bounds of the reading.
const (
	maxLine        = 256 << 10 // bytes, the longest line
	maxWindow      = 1 << 20   // the largest number of requests in the window; beyond it the earliest is written
	defaultReorder = 120       // s
)

// FileSummary is what was found in one log.
type FileSummary struct {
	Path     string
	Format   string // its name; empty if the log is empty
	Requests int
	Skipped  int // bad lines
	Timed    int // requests with a request time
	Sized    int // requests with another n, such as tokens
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
// that begins as gzip does is unpacked; blank lines are passed over.
//
// A log whose times are in whole seconds has each request placed in its second
// uniformly, by a fixed stream of random numbers, because the arrivals of a Poisson
// process are distributed like that given their number. Fractions of seconds are
// kept as they are. Then requests are put in the order of their beginnings, within
// the window of Options.Reorder, and times count from the first of them.
//
// A bad line, a log of no known format and logs without a request are a
// *workload.TraceError, a log that can be read in several ways is an
// *AmbiguousError, and options that do not go together are an *OptionError.
func Import(ctx context.Context, logs []string, out io.Writer, opts Options) (Summary, error) {
	im := newImporter(out, opts)
	if err := opts.check(); err != nil {
		return im.summary, &OptionError{err}
	}
	for _, path := range logs {
		if err := im.file(ctx, path); err != nil {
			return im.summary, err
		}
	}
	if err := im.finish(); err != nil {
		return im.summary, err
	}
	if im.summary.Requests == 0 {
		return im.summary, im.noRequest(logs)
	}
	return im.summary, nil
}

// noRequest is the error of logs in which there is no request.
func (im *importer) noRequest(logs []string) error {
	err := &workload.TraceError{Place: logs[0], Rule: "there is no request in it"}
	if len(logs) > 1 {
		err.Rule = fmt.Sprintf("there is no request in it, nor in the %d other logs", len(logs)-1)
	}
	if im.summary.FirstBad != nil {
		err.Rule += fmt.Sprintf(": all its %d lines are bad, the first: %v", im.summary.Skipped, im.summary.FirstBad)
	}
	return err
}

// importer is the state of one import.
type importer struct {
	opts    Options
	out     *bufio.Writer
	servers *serversWriter // nil if they are not kept
	rng     *rand.Rand
	record  record
	format  string // of the log before, by its name and format string
	summary Summary

	window      window
	read        int   // the number of requests read
	latest      int64 // us since 1970, the latest beginning of a request
	origin      int64 // us since 1970, the beginning of the first request written
	lastWritten int64 // us since 1970, the beginning of the last request written
	anyWritten  bool  // a request has been written
}

func newImporter(out io.Writer, opts Options) *importer {
	if opts.Reorder == 0 {
		opts.Reorder = defaultReorder
	}
	im := &importer{opts: opts, out: bufio.NewWriterSize(out, 1<<16), rng: rand.New(env.Stream(0, "workload/import"))}
	im.out.WriteString("time\tquery\n")
	if opts.Servers != nil {
		im.servers = newServersWriter(opts.Servers, opts.ServersJSON)
	}
	return im
}

// file reads one log.
func (im *importer) file(ctx context.Context, path string) error {
	f, err := im.openLog(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	return im.log(ctx, path, f)
}

// log reads one log of the given name.
func (im *importer) log(ctx context.Context, path string, r io.Reader) error {
	lines, err := newLogLines(path, r)
	if err != nil {
		return err
	}
	sample, err := lines.sample()
	if err != nil {
		return err
	}
	im.summary.Files = append(im.summary.Files, FileSummary{Path: path})
	if len(sample) == 0 {
		return nil
	}
	s := &im.summary.Files[len(im.summary.Files)-1]
	var reader lineReader
	if s.Format, reader, err = im.choose(path, sample); err != nil {
		return err
	}
	for count := 1; ; count++ {
		if count%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		text, wrong, err := lines.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case wrong.rule == "":
			if wrong, err = im.add(s, reader, text); err != nil {
				return err
			}
		}
		if wrong.rule != "" {
			if err := im.reportBad(s, lines.number, wrong); err != nil {
				return err
			}
		}
	}
}

// choose finds the format of a log, tells of it, and returns its name and a reader.
func (im *importer) choose(path string, sample []sampleLine) (name string, reader lineReader, err error) {
	t, err := im.recognise(path, sample)
	if err != nil {
		return "", nil, err
	}
	if im.servers != nil && !t.reader.servers() {
		return "", nil, &workload.TraceError{Place: path, Rule: "its format (" + t.what + ") names no server: leave --servers-out out"}
	}
	if reader, err = t.open(); err != nil {
		return "", nil, err
	}
	own := t.name + t.pattern
	if im.opts.Show != nil && own != im.format {
		im.opts.Show(Found{Path: path, Format: t.name, What: t.what, Servers: t.reader.servers(), Readings: t.first})
	}
	im.format = own
	return t.name, reader, nil
}

// reportBad counts a bad line, or returns it as an error if bad lines are not to be
// skipped.
func (im *importer) reportBad(s *FileSummary, number int, wrong fault) error {
	err := &workload.TraceError{Place: fmt.Sprintf("%s:%d", s.Path, number), Value: clip(wrong.value, maxValue), Rule: wrong.rule}
	if !im.opts.SkipBad {
		err.Rule += " (--skip-bad passes over such lines and counts them)"
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
func (im *importer) add(s *FileSummary, reader lineReader, text []byte) (fault, error) {
	r := &im.record
	r.reset()
	skip, wrong := reader.read(text, r)
	if wrong.rule == "" && !skip {
		wrong = r.finish()
	}
	if skip || wrong.rule != "" {
		if wrong.rule != "" && wrong.value == nil {
			wrong.value = text
		}
		return wrong, nil
	}
	im.adjust(r)
	q, wrong := query(r.target, r.params, im.opts.KeepValues, r.n())
	if wrong.rule != "" {
		return wrong, nil
	}
	begin := r.begin()
	if !r.fine {
		begin += im.rng.Int64N(1e6)
	}
	if im.anyWritten && begin < im.lastWritten {
		return fault{text, fmt.Sprintf("a request must not begin before one that is written already (here %.1f s): give the oldest log first, or a longer --reorder (%g s)", float64(im.lastWritten-begin)/1e6, im.opts.Reorder), true}, nil
	}
	if r.size >= 0 {
		s.Sized++
	} else if r.total >= 0 {
		s.Timed++
	}
	s.Requests++
	im.window.push(request{begin: begin, order: im.read, query: q, visit: im.visit(r)})
	im.read++
	im.latest = max(im.latest, begin)
	for len(im.window) > 0 && (len(im.window) > maxWindow || float64(im.latest-im.window[0].begin) > im.opts.Reorder*1e6) {
		if err := im.write(im.window.pop()); err != nil {
			return fault{}, err
		}
	}
	return fault{}, nil
}

// visit is what is kept of a request's server.
func (im *importer) visit(r *record) *visit {
	if im.servers == nil {
		return nil
	}
	return &visit{server: string(r.server), queue: r.queue, service: r.service, total: r.total}
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
	if im.servers != nil {
		if err := im.servers.write(us, r.query, r.visit); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(im.out, "%d.%06d\t%s\n", us/1e6, us%1e6, r.query)
	return err
}

// finish writes the requests that are left in the window.
func (im *importer) finish() error {
	for len(im.window) > 0 {
		if err := im.write(im.window.pop()); err != nil {
			return err
		}
	}
	if im.servers != nil {
		if err := im.servers.out.Flush(); err != nil {
			return err
		}
	}
	return im.out.Flush()
}
