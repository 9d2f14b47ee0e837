package weblog

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// extras is a format of lines that begin as the common or the combined log format
// does and go on with fields that nobody has named:
//
//	host ident user [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.1" 200 2326 MORE
//	host ident user [...] "GET /x HTTP/1.1" 200 2326 "referrer" "agent" MORE
//
// What stands before the time is not read. The request time is the field of that
// number, or of that key in key=value, behind the standard ones.
type extras struct {
	number int    // from 1 on; 0: the one with the key, or none
	key    string // empty: none
	unit   unit
	list   bool // a list of upstreams' times
	end    bool // stamps are of the end

	// closed says that no other field may look like a time: what is read without
	// a request time must not have one.
	closed bool

	fields []extra
}

// extra is one field behind the standard ones.
type extra struct {
	key  string // of key=value
	text []byte
}

// servers implements lineReader.
func (e *extras) servers() bool { return false }

// read implements lineReader.
func (e *extras) read(line []byte, r *record) (bool, fault) {
	wrong := e.standard(line, r)
	if wrong.rule != "" && !wrong.fits {
		return false, wrong
	}
	r.end = e.end
	if e.number == 0 && e.key == "" {
		if k := slices.IndexFunc(e.fields, func(f extra) bool { return looksTimed(f.text) }); k >= 0 && e.closed {
			return false, fault{e.fields[k].text, "no field behind the standard ones may look like a request time, as none did in the lines before: say with --request-time what it is", false}
		}
		return false, wrong
	}
	k := e.number - 1
	if e.key != "" {
		k = slices.IndexFunc(e.fields, func(f extra) bool { return f.key == e.key })
	}
	if k < 0 || k >= len(e.fields) {
		return false, fault{line, "there must be the field " + e.selector() + " that --request-time names", false}
	}
	text := e.fields[k].text
	us, ok := duration(text, e.unit)
	if !ok && e.list {
		us, _, ok = durations(text, e.unit)
	}
	if !ok {
		return false, fault{text, durationRule(e.unit), false}
	}
	r.total, r.totalText, r.totalUnit = us, text, e.unit
	return false, wrong
}

// selector is what --request-time says of it.
func (e *extras) selector() string {
	name := e.key
	if name == "" {
		name = strconv.Itoa(e.number)
	}
	if e.number == 0 && e.key == "" {
		return "none"
	}
	if e.unit == 0 {
		return name + ":value"
	}
	return name + ":" + e.unit.String()
}

// standard reads the fields of the common or combined log format, and finds those
// behind them.
func (e *extras) standard(line []byte, r *record) fault {
	e.fields = e.fields[:0]
	_, rest, found := bytes.Cut(line, []byte(" ["))
	stamp, rest, closed := bytes.Cut(rest, []byte("] \""))
	if !found || !closed {
		return fault{line, `a line must be host ident user [time] "request" status bytes ...`, false}
	}
	if wrong := setStamp(commonStamp, stampRule, e.end)(r, stamp); wrong.rule != "" {
		return wrong
	}
	request, rest, closed := quoted(rest)
	if !closed {
		return fault{line, "a request must end in a quote", false}
	}
	wrong := setRequest(r, request)
	status, rest := word(rest)
	size, rest := word(rest)
	if len(status) != 3 || !isDigits(status) || !isDigits(size) && string(size) != "-" {
		return fault{line, "a request must be followed by its status, three digits, and its size in bytes, or -", false}
	}
	if left := bytes.TrimLeft(rest, " "); len(left) > 0 && left[0] == '"' {
		_, behind, first := quoted(left[1:])
		if behind = bytes.TrimLeft(behind, " "); first && len(behind) > 0 && behind[0] == '"' {
			if _, more, second := quoted(behind[1:]); second {
				rest = more
			}
		}
	}
	if !e.cut(rest) {
		return fault{line, "a quoted field must end in a quote", false}
	}
	return wrong
}

// cut cuts what is behind the standard fields into fields: text in quotes or
// brackets, lists of upstreams, key=value, numbers with a unit.
func (e *extras) cut(rest []byte) bool {
	for {
		if rest = bytes.TrimLeft(rest, " "); len(rest) == 0 {
			return true
		}
		var f extra
		if end := bytes.IndexAny(rest, "=\" ["); end > 0 && rest[end] == '=' {
			f.key, rest = string(rest[:end]), rest[end+1:]
		}
		switch {
		case len(rest) > 0 && rest[0] == '"':
			var closed bool
			if f.text, rest, closed = quoted(rest[1:]); !closed {
				return false
			}
		case len(rest) > 0 && rest[0] == '[' && bytes.IndexByte(rest, ']') > 0:
			end := bytes.IndexByte(rest, ']')
			f.text, rest = rest[:end+1], rest[end+1:]
		default:
			end := max(listLength(rest, ' '), 1)
			f.text, rest = rest[:min(end, len(rest))], rest[min(end, len(rest)):]
			for _, u := range []string{" ms", " us", " µs"} {
				if _, ok := isNumber(f.text); ok && bytes.HasPrefix(rest, []byte(u)) && (len(rest) == len(u) || rest[len(u)] == ' ') {
					f.text, rest = f.text[:len(f.text)+len(u)], rest[len(u):]
				}
			}
		}
		e.fields = append(e.fields, f)
	}
}

// word cuts off the next field, which has no quotes.
func word(text []byte) (first, rest []byte) {
	text = bytes.TrimLeft(text, " ")
	if end := bytes.IndexByte(text, ' '); end >= 0 {
		return text[:end], text[end:]
	}
	return text, text[len(text):]
}

// looksTimed says whether a field might be a request time.
func looksTimed(text []byte) bool {
	if _, ok := isNumber(text); ok {
		return true
	}
	if us, ok := duration(text, 0); ok && us >= 0 {
		return true
	}
	if bytes.IndexByte(text, '.') >= 0 && isTiming(text) {
		return true
	}
	digit := false // numbers with marks around them, as **3/3000123**
	for _, c := range text {
		digit = digit || c >= '0' && c <= '9'
		if (c < '0' || c > '9') && bytes.IndexByte([]byte("*/|;()<>.,+"), c) < 0 {
			return false
		}
	}
	return digit && !isAddress(text)
}

// isAddress says whether text is an IP address.
func isAddress(text []byte) bool {
	_, err := netip.ParseAddr(string(text))
	return err == nil
}

// parseRequestTime reads what --request-time says: N:UNIT, KEY:UNIT, or N:value and
// KEY:value if the unit stands behind each value.
func parseRequestTime(text string, end bool) (*extras, error) {
	name, symbol, _ := strings.Cut(text, ":")
	u, known := unitOf(symbol)
	if name == "" || !known && symbol != "value" {
		return nil, fmt.Errorf("--request-time %q: must be none, or FIELD:UNIT, such as 2:ms or rt:s: the number of a field behind the standard ones or its key, and s, ms, us or ns, or value if the unit stands in the log", text)
	}
	e := &extras{unit: u, end: end, list: u == seconds}
	if n, err := strconv.Atoi(name); err == nil {
		if e.number = n; n < 1 || n > 1000 {
			return nil, fmt.Errorf("--request-time %q: the number of a field must be from 1 to 1000", text)
		}
	} else {
		e.key = name
	}
	return e, nil
}

// extrasFormats are the ways to read lines of the common log format with unknown
// fields behind it: without a request time if no field looks like one, and else
// each that does in each unit that it might be in. If closed is set, no field may
// look like a request time that is none of them.
func extrasFormats(sample [][]byte, closed bool) []format {
	seen := map[int][]extra{}
	var probe extras
	lines := 0
	for _, line := range sample {
		var r record
		r.reset()
		if wrong := probe.standard(line, &r); wrong.rule != "" && !wrong.fits {
			continue
		}
		lines++
		for k, f := range probe.fields {
			seen[k+1] = append(seen[k+1], extra{f.key, bytes.Clone(f.text)})
		}
	}
	if lines == 0 {
		return nil
	}
	var out []format
	make := func(e extras, what string) format {
		return format{name: "common or combined", what: what, pattern: e.selector(), open: func() (lineReader, error) { own := e; return &own, nil }}
	}
	for k := 1; k <= len(seen) && k <= 30; k++ {
		if len(seen[k]) < lines { // not in all lines
			continue
		}
		for _, e := range extraReadings(k, seen[k]) {
			if (e.key == "rt" || e.key == "request_time") && e.list { // with decimals
				return []format{make(e, "request time by its key "+e.key+", nginx's $request_time")}
			}
			what := fmt.Sprintf("field %d, such as %q", k, clip(seen[k][0].text, 20))
			if e.unit == 0 {
				what += ", with its unit; times as of the begin, or say --stamps end"
			}
			out = append(out, make(e, what))
		}
	}
	if len(out) == 0 {
		out = append(out, make(extras{closed: closed}, "without a request time; what stands behind the standard fields is not read"))
	}
	return out
}

// extraReadings are the ways to read one field as a request time.
func extraReadings(number int, values []extra) []extras {
	numbers, whole, explicit, lists, none := 0, true, 0, 0, 0
	for _, v := range values {
		decimals, ok := isNumber(v.text)
		us, united := duration(v.text, 0)
		switch {
		case ok:
			numbers++
			whole = whole && decimals == 0
		case united && us >= 0:
			explicit++
		case united:
			none++
		case bytes.IndexByte(v.text, '.') >= 0 && isTiming(v.text):
			lists++
		default:
			return nil
		}
	}
	e := extras{number: number, end: true}
	if key := values[0].key; key != "" {
		e = extras{key: key, end: true}
	}
	with := func(u unit, end, list bool) extras {
		own := e
		own.unit, own.end, own.list = u, end, list
		return own
	}
	switch {
	case explicit > 0 && numbers+lists == 0:
		return []extras{with(0, false, false)}
	case numbers+explicit+lists == 0:
		return nil // "-" in all lines
	case lists > 0:
		return []extras{with(seconds, true, true)}
	case whole:
		return []extras{with(seconds, false, false), with(milliseconds, true, false), with(microseconds, false, false)}
	}
	return []extras{with(seconds, true, true), with(milliseconds, true, false)}
}
