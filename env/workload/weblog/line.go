package weblog

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// fault is what is wrong with a line: a part of it, and the rule that this part
// breaks. The zero fault means that nothing is wrong.
type fault struct {
	value []byte
	rule  string
}

// line is one request of a log.
type line struct {
	stamp  int64    // whole s since 1970, UTC
	target []byte   // the target of the request line
	extras [][]byte // unquoted fields behind the standard ones
}

// stampLayout is how both servers write times.
const stampLayout = "02/Jan/2006:15:04:05 -0700"

// parse reads one line:
//
//	host ident user [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.1" 200 2326
//
// followed by "referrer" "agent" in the combined format, and then by whatever the
// server was told to add. What stands before the time is not read. The slices of the
// line are parts of text, and the array of extras is used again.
func (l *line) parse(text []byte) fault {
	l.extras = l.extras[:0]
	_, rest, found := bytes.Cut(text, []byte(" ["))
	stamp, rest, closed := bytes.Cut(rest, []byte("] \""))
	if !found || !closed {
		return fault{text, `a line must be host ident user [time] "request" status bytes ...`}
	}
	at, err := time.Parse(stampLayout, string(stamp))
	if err != nil || at.Unix() < 0 {
		return fault{stamp, "a time must be like 10/Oct/2000:13:55:36 -0700, not before 1970"}
	}
	l.stamp = at.Unix()
	request, rest, closed := quoted(rest)
	if !closed {
		return fault{text, "a request must end in a quote"}
	}
	var ok bool
	if l.target, ok = targetOf(request); !ok {
		return fault{request, "a request must be METHOD TARGET PROTOCOL"}
	}
	status, rest := field(rest)
	size, rest := field(rest)
	if len(status) != 3 || !isDigits(status) || !isDigits(size) && string(size) != "-" {
		return fault{text, "a request must be followed by its status, three digits, and its size in bytes, or -"}
	}
	for {
		rest = bytes.TrimLeft(rest, " ")
		if len(rest) == 0 {
			return fault{}
		}
		if rest[0] == '"' {
			if _, rest, closed = quoted(rest[1:]); !closed {
				return fault{text, "a quoted field must end in a quote"}
			}
			continue
		}
		var extra []byte
		extra, rest = field(rest)
		l.extras = append(l.extras, extra)
	}
}

// quoted cuts text, which follows a quote, at the quote that ends it. A quote after
// a backslash does not end it.
func quoted(text []byte) (inside, rest []byte, closed bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i], text[i+1:], true
		}
	}
	return text, nil, false
}

// field cuts off the next field, which has no quotes.
func field(text []byte) (first, rest []byte) {
	text = bytes.TrimLeft(text, " ")
	if end := bytes.IndexByte(text, ' '); end >= 0 {
		return text[:end], text[end:]
	}
	return text, nil
}

// targetOf returns the target of a request line. A request line of HTTP/0.9 has no
// protocol, and some clients send targets that contain spaces.
func targetOf(request []byte) ([]byte, bool) {
	method, target, found := bytes.Cut(request, []byte{' '})
	if !found || len(method) == 0 {
		return nil, false
	}
	for _, c := range method {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return nil, false
		}
	}
	if end := bytes.LastIndex(target, []byte(" HTTP/")); end >= 0 {
		target = target[:end]
	}
	return target, len(target) > 0
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// RequestTime is how a log gives the time that a request took.
type RequestTime string

// The ways: nginx's $request_time is in seconds, Apache's %D in microseconds. Auto
// takes the one that the first line with a request time shows; None reads no times.
const (
	Auto         RequestTime = "auto"
	Seconds      RequestTime = "seconds"      // a decimal number, in s
	Microseconds RequestTime = "microseconds" // a whole number, in us
	None         RequestTime = "none"
)

// RequestTimes lists the ways.
func RequestTimes() []RequestTime { return []RequestTime{Auto, Seconds, Microseconds, None} }

// maxRequestTime is the longest request time (us) that is accepted: 11 days.
const maxRequestTime = 1e12

// read returns the request time (us), which is the first of the extra fields that is
// a number, or -1 if there is none, and the way in which it was read. Under Auto, a
// number with three decimals is in seconds, and a whole number in microseconds.
func (w RequestTime) read(extras [][]byte) (us int64, way RequestTime, wrong fault) {
	if w == None {
		return -1, None, fault{}
	}
	for _, extra := range extras {
		whole, decimals, point := bytes.Cut(extra, []byte{'.'})
		if !isDigits(whole) || point && !isDigits(decimals) {
			continue
		}
		way := w
		switch {
		case w == Auto && !point:
			way = Microseconds
		case w == Auto && len(decimals) == 3:
			way = Seconds
		case w == Auto:
			return 0, w, fault{extra, "a request time must be in s with three decimals (nginx) or in whole us (Apache); say which with --request-time"}
		case w == Microseconds && point:
			return 0, w, fault{extra, "a request time must be in whole microseconds, as in this file's first or as --request-time says"}
		case w == Seconds && !point:
			return 0, w, fault{extra, "a request time must be in seconds with decimals, as in this file's first or as --request-time says"}
		}
		x, err := strconv.ParseFloat(string(extra), 64)
		if way == Seconds {
			x *= 1e6
		}
		if err != nil || x > maxRequestTime {
			return 0, w, fault{extra, "a request time must be at most 1e6 s"}
		}
		return int64(math.Round(x)), way, fault{}
	}
	return -1, w, fault{}
}

// maxTarget is the length (bytes) of the longest query that is written.
const maxTarget = 16 << 10

// query returns the query that the trace has for a target: its path and the names of
// its parameters, with their values only if keep is set. A parameter n of its own is
// left out, and n = us is added if us is known (not negative). What is not plain
// ASCII is written as %XX.
func query(target []byte, keep bool, us int64) (string, fault) {
	path := target
	if _, rest, found := bytes.Cut(path, []byte("://")); found && path[0] != '/' {
		if at := bytes.IndexAny(rest, "/?"); at >= 0 {
			path = rest[at:]
		} else {
			path = []byte("/")
		}
	}
	if len(path) == 0 || path[0] != '/' && path[0] != '?' && string(path) != "*" {
		return "", fault{target, "a target must be a path that begins with /, a URL or *"}
	}
	path, _, _ = bytes.Cut(path, []byte{'#'})
	path, parameters, _ := bytes.Cut(path, []byte{'?'})
	var b strings.Builder
	if len(path) == 0 {
		b.WriteByte('/')
	}
	escape(&b, path)
	before := byte('?')
	add := func() {
		b.WriteByte(before)
		before = '&'
	}
	for pair := range bytes.SplitSeq(parameters, []byte{'&'}) {
		name, _, valued := bytes.Cut(pair, []byte{'='})
		switch {
		case len(pair) == 0 || string(name) == "n" || !valued && !keep:
		case keep:
			add()
			escape(&b, pair)
		default:
			add()
			escape(&b, name)
			b.WriteByte('=')
		}
	}
	if us >= 0 {
		add()
		b.WriteString("n=" + strconv.FormatInt(us, 10))
	}
	if b.Len() > maxTarget {
		return "", fault{target, "a target must not be longer than 16384 bytes"}
	}
	return b.String(), fault{}
}

// escape writes text, in which everything but visible ASCII becomes %XX.
func escape(b *strings.Builder, text []byte) {
	const hex = "0123456789ABCDEF"
	for _, c := range text {
		if c > ' ' && c < 0x7f && c != '#' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
}
