package weblog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fairlb/env/workload"
)

// Reading is a line as it is read.
type Reading struct {
	Begin                 int64 // us since 1970
	Fine                  bool  // the log's time has a fraction of a second; without one, the second is all that is known
	NoZone                bool  // the log's time names no zone, and is taken for UTC
	End                   bool  // the log's time is of the end, from which the request time is taken
	Timed                 bool  // there is a request time
	Total, Queue, Service int64 // us, negative if not known
	Server, Query         string
}

// Found is the format that a log was found to be in, with lines as they are read.
type Found struct {
	Path     string
	Format   string // its name
	What     string // what it is
	Servers  bool   // lines name servers
	Readings []Reading
}

// Candidate is a way to read a log.
type Candidate struct {
	Flags   string // by which it is chosen
	What    string
	Reading Reading // of one line
}

// AmbiguousError reports a log that can be read in more than one way.
type AmbiguousError struct {
	Path       string
	Line       int
	Text       string // the line that the candidates read
	Candidates []Candidate
}

// Error names the candidates on one line.
func (e *AmbiguousError) Error() string {
	var names []string
	for _, c := range e.Candidates {
		names = append(names, c.Flags)
	}
	return e.Headline() + ": " + strings.Join(names, "; ")
}

// Headline is the error without its candidates.
func (e *AmbiguousError) Headline() string {
	return fmt.Sprintf("%s:%d: value %q: the request time can be read in more than one way: say which", e.Path, e.Line, clipMiddle(e.Text, maxValue))
}

// InvalidInput says that only other flags will cure it.
func (e *AmbiguousError) InvalidInput() bool { return true }

// How much of a log is looked at to find its format.
const (
	sampleBytes = 1 << 20
	sampleLines = 1000
	shownLines  = 3
)

// sampleLine is one of the lines by which a format is found.
type sampleLine struct {
	number int
	text   []byte
}

// trial is a format that is tried on the sample.
type trial struct {
	format
	reader  lineReader
	keys    []string // by line: what was read as the time, and how; empty if the line does not match
	matched int
	timed   bool // a line had a request time
	untimed bool // a line had none where it should be
	first   []Reading
	line    int // of the first reading, in the sample
	wrong   fault
	wrongAt int
}

// recognise finds the format of a log by its first lines.
func (im *importer) recognise(path string, sample []sampleLine) (*trial, error) {
	list, err := im.candidates(sample)
	if err != nil {
		return nil, err
	}
	var trials []*trial
	most := 0
	for _, f := range list {
		t, err := im.try(f, sample)
		if err != nil {
			return nil, err
		}
		if im.automatic() && f.family != "" && t.untimed && !t.timed {
			continue // that the field is a request time has no line shown
		}
		trials = append(trials, t)
		most = max(most, t.matched)
	}
	if most == 0 && len(trials) == 1 {
		return trials[0], nil // it was named; each bad line will be told of
	}
	if k := slices.IndexFunc(trials, func(t *trial) bool { return t.wrong.rule == "" }); most == 0 && k >= 0 {
		return trials[k], nil // there is nothing but headers
	}
	if most == 0 && im.automatic() {
		for _, f := range extrasFormats(texts(sample), im.opts.RequestTime != "none") {
			t, err := im.try(f, sample)
			if err != nil {
				return nil, err
			}
			trials = append(trials, t)
			most = max(most, t.matched)
		}
	}
	if most == 0 {
		return nil, im.unknownFormat(path, sample, trials)
	}
	trials = slices.DeleteFunc(trials, func(t *trial) bool { return float64(t.matched) < 0.9*float64(most) })
	if k := slices.IndexFunc(trials, func(t *trial) bool { return im.format != "" && t.name+t.pattern == im.format }); k >= 0 {
		return trials[k], nil // as the log before it
	}
	groups := groupTrials(trials)
	if len(groups) == 1 || im.opts.RequestTime == "none" {
		return groups[0], nil
	}
	first := groups[0]
	groups = slices.DeleteFunc(groups, func(t *trial) bool { return len(t.first) == 0 })
	switch len(groups) {
	case 0: // every line has a fault, such as a day that there is not
		return nil, &workload.TraceError{Place: fmt.Sprintf("%s:%d", path, first.wrongAt), Value: clip(first.wrong.value, maxValue), Rule: first.wrong.rule}
	case 1:
		return groups[0], nil
	}
	return nil, im.ambiguous(path, sample, groups)
}

// automatic says that no flag names a format.
func (im *importer) automatic() bool {
	o := &im.opts
	return o.Format == "" && o.LogFormat == "" && len(o.Fields) == 0 && (o.RequestTime == "" || o.RequestTime == "none")
}

// candidates are the formats that the flags leave open.
func (im *importer) candidates(sample []sampleLine) ([]format, error) {
	o := &im.opts
	switch {
	case o.LogFormat != "":
		return []format{{name: o.Format, what: "the format of --log-format", open: func() (lineReader, error) {
			compile, err := dialectOf(o.Format)
			if err != nil {
				return nil, err
			}
			return compile(o.LogFormat)
		}}}, nil
	case len(o.Fields) > 0:
		columns, err := parseFields(o.Fields)
		if err != nil {
			return nil, err
		}
		if o.Format == "csv" || o.Format == "" && len(sample) > 0 && sample[0].text[0] != '{' {
			return []format{{name: "csv", what: "the columns that --field names", open: func() (lineReader, error) { return &csvReader{columns: columns}, nil }}}, nil
		}
		return []format{{name: "json", what: "the fields that --field names", open: func() (lineReader, error) { return &jsonReader{columns}, nil }}}, nil
	case o.RequestTime != "" && o.RequestTime != "none":
		e, err := parseRequestTime(o.RequestTime, o.Stamps == "end")
		if err != nil {
			return nil, err
		}
		return []format{{name: "common or combined", what: "the request time by --request-time " + o.RequestTime, open: func() (lineReader, error) { own := *e; return &own, nil }}}, nil
	}
	return slices.DeleteFunc(formats(), func(f format) bool {
		if o.Format == "" {
			return f.named
		}
		return !f.is(o.Format)
	}), nil
}

// try reads the sample in a format.
func (im *importer) try(f format, sample []sampleLine) (*trial, error) {
	reader, err := f.open()
	if err != nil {
		return nil, fmt.Errorf("--log-format: %w", err)
	}
	t := &trial{format: f, reader: reader, keys: make([]string, len(sample))}
	for k, s := range sample {
		var r record
		r.reset()
		skip, wrong := t.reader.read(s.text, &r)
		if skip {
			continue
		}
		if wrong.rule == "" {
			wrong = r.finish()
		}
		if wrong.rule != "" && t.wrong.rule == "" {
			t.wrong, t.wrongAt = wrong, s.number
		}
		if wrong.rule != "" && !wrong.fits {
			if t.matched == 0 && k >= 100 {
				break // it is another format's
			}
			continue
		}
		t.matched++
		t.keys[k] = readingKey(s.text, &r)
		t.timed = t.timed || r.total >= 0
		t.untimed = t.untimed || r.totalText != nil
		if wrong.rule == "" && len(t.first) < shownLines {
			if reading, bad := im.reading(&r); bad.rule == "" {
				if len(t.first) == 0 {
					t.line = k
				}
				t.first = append(t.first, reading)
			}
		}
	}
	return t, nil
}

// reading is what the trace will have of a record.
func (im *importer) reading(r *record) (Reading, fault) {
	im.adjust(r)
	q, wrong := query(r.target, r.params, im.opts.KeepValues, r.n())
	return Reading{Begin: r.begin(), Fine: r.fine, NoZone: withoutZone(r.stampText), End: r.end, Timed: r.total >= 0, Total: r.total, Queue: r.queue, Service: r.service, Server: string(r.server), Query: q}, wrong
}

// adjust applies what flags say of every record.
func (im *importer) adjust(r *record) {
	if im.opts.RequestTime == "none" {
		r.total = unknown
	}
	if im.opts.Stamps != "" {
		r.end = im.opts.Stamps == "end"
	}
}

// readingKey says what of a line was read as its time, as the request time, in
// which unit, and what the time is of. Two formats with the same keys read the same.
func readingKey(line []byte, r *record) string {
	if r.totalText == nil {
		return fmt.Sprint(r.stamp, " no request time")
	}
	return fmt.Sprint(r.stamp, " ", cap(line)-cap(r.totalText), " ", float64(r.totalUnit), " ", r.end)
}

// groupTrials keeps the first of those that read the same.
func groupTrials(trials []*trial) []*trial {
	var groups []*trial
	for _, t := range trials {
		same := func(g *trial) bool {
			for k := range t.keys {
				if t.keys[k] != "" && g.keys[k] != "" && t.keys[k] != g.keys[k] {
					return false
				}
			}
			return true
		}
		if !slices.ContainsFunc(groups, same) {
			groups = append(groups, t)
		}
	}
	return groups
}

// ambiguous is the error that a log can be read in several ways.
func (im *importer) ambiguous(path string, sample []sampleLine, groups []*trial) error {
	e := &AmbiguousError{Path: path}
	shown := im.commonLine(sample, groups)
	e.Line, e.Text = sample[shown].number, string(sample[shown].text)
	for _, t := range groups {
		c := Candidate{Flags: "--format " + t.name, What: t.what}
		if slices.ContainsFunc(groups, func(other *trial) bool { return other != t && other.name == t.name }) {
			if _, ok := t.reader.(*extras); !ok {
				c.What += ", " + t.pattern
			}
		}
		if x, ok := t.reader.(*extras); ok {
			if c.Flags = "--request-time " + x.selector(); x.selector() != "none" {
				c.Flags += " --stamps begin"
				if x.end {
					c.Flags = strings.Replace(c.Flags, "begin", "end", 1)
				}
			}
		}
		c.Reading = t.first[0]
		if reading, ok := im.readLine(t, sample[shown].text); ok {
			c.Reading = reading
		}
		e.Candidates = append(e.Candidates, c)
	}
	if !slices.ContainsFunc(e.Candidates, func(c Candidate) bool { return !c.Reading.Timed }) {
		untimed := importer{opts: im.opts}
		untimed.opts.RequestTime = "none"
		none := Candidate{Flags: "--request-time none", What: "no request time: queries get no n"}
		none.Reading, _ = untimed.readLine(groups[0], sample[shown].text)
		e.Candidates = append(e.Candidates, none)
	}
	return e
}

// commonLine is the first line of the sample that all the trials read; if there is
// none, the first that the first trial reads.
func (im *importer) commonLine(sample []sampleLine, trials []*trial) int {
	for k := trials[0].line; k < len(sample); k++ {
		if !slices.ContainsFunc(trials, func(t *trial) bool { _, ok := im.readLine(t, sample[k].text); return !ok }) {
			return k
		}
	}
	return trials[0].line
}

// readLine reads one line of the sample in a format, if it has no fault.
func (im *importer) readLine(t *trial, line []byte) (Reading, bool) {
	var r record
	r.reset()
	if skip, wrong := t.reader.read(line, &r); skip || wrong.rule != "" || r.finish().rule != "" {
		return Reading{}, false
	}
	reading, wrong := im.reading(&r)
	return reading, wrong.rule == ""
}

// unknownFormat is the error that a log is in no format that is looked for.
func (im *importer) unknownFormat(path string, sample []sampleLine, trials []*trial) error {
	first := sample[0]
	e := &workload.TraceError{Place: fmt.Sprintf("%s:%d", path, first.number), Value: clip(first.text, maxValue)}
	switch fields := jsonFields(first.text, 12); {
	case im.opts.Format != "":
		e.Rule = "no line looks like " + im.opts.Format
		if best := closest(trials); best != nil {
			e.Rule += " (" + best.wrong.rule + ")"
		}
		e.Rule += ": leave --format out to have it found, or give the server's own format string by --log-format"
	case fields != nil:
		e.Rule = "no JSON log that is known has these fields: name them, such as --field end=NAME --field total=NAME:ms --field path=NAME; there are " + strings.Join(fields, ", ")
	default:
		e.Rule = "no line is in a format that is known: name it by --format (fairlb trace import --help lists them), or give the server's own format string by --log-format"
	}
	return e
}

// closest is the trial that failed latest in its first line.
func closest(trials []*trial) *trial {
	var best *trial
	for _, t := range trials {
		if t.wrong.rule != "" && best == nil {
			best = t
		}
	}
	return best
}

// texts are the lines without their numbers.
func texts(sample []sampleLine) [][]byte {
	var out [][]byte
	for _, s := range sample {
		out = append(out, s.text)
	}
	return out
}

// OptionError reports options that say too little, too much or nothing.
type OptionError struct{ Err error }

// Error implements error.
func (e *OptionError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *OptionError) Unwrap() error { return e.Err }

// InvalidInput says that only other options will cure it.
func (e *OptionError) InvalidInput() bool { return true }

// check says what is wrong with the options.
func (o *Options) check() error {
	if o.Format != "" && !slices.Contains(FormatNames(), o.Format) {
		return fmt.Errorf("--format %q: is no format: fairlb trace import --help lists them", clip([]byte(o.Format), maxValue))
	}
	if o.LogFormat != "" {
		compile, err := dialectOf(o.Format)
		if err != nil {
			return err
		}
		t, err := compile(o.LogFormat)
		if err != nil {
			return fmt.Errorf("--log-format: %w", err)
		}
		if o.Servers != nil && !t.servers() {
			return errors.New("--servers-out: the format names no server")
		}
	}
	if len(o.Fields) > 0 {
		if o.Format != "" && o.Format != "json" && o.Format != "csv" {
			return fmt.Errorf("--field is for --format json or csv, not %s", o.Format)
		}
		if _, err := parseFields(o.Fields); err != nil {
			return err
		}
	} else if o.Format == "json" || o.Format == "csv" {
		return fmt.Errorf("--format %s wants --field ROLE=NAME for each field, such as --field end=NAME --field total=NAME:ms --field path=NAME", o.Format)
	}
	if o.RequestTime != "" && o.RequestTime != "none" {
		if o.Format != "" || o.LogFormat != "" || len(o.Fields) > 0 {
			return errors.New("--request-time FIELD:UNIT counts the fields behind the common log format: leave --format, --log-format and --field out")
		}
		if _, err := parseRequestTime(o.RequestTime, false); err != nil {
			return err
		}
		if o.Stamps == "" {
			return errors.New("--request-time wants --stamps begin (Apache's times) or end (nginx's, Tomcat's, morgan's): what the log's times are of")
		}
	}
	if o.LogFormat != "" && len(o.Fields) > 0 {
		return errors.New("--log-format and --field: only one of them")
	}
	return nil
}
