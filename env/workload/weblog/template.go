package weblog

import (
	"bytes"
	"fmt"
	"strings"
)

// A template is a server's own format string, compiled: texts that stand in every
// line and fields between them. It matches a line as a whole or not at all.
type template struct {
	steps []step
	loose bool // any number of blanks stands for one, as HAProxy writes

	noTarget bool // no field is of the request
}

// step is a text of every line and the field behind it.
type step struct {
	literal []byte
	field   *field // nil behind the last text
}

// shape is what a field looks like in a line.
type shape int

const (
	free        shape = iota // up to the text behind it; without blanks at the end of the line
	maybe                    // text that is in quotes or not
	braces                   // {text} with the blank behind it, or nothing
	tail                     // whatever is left of the line
	natural                  // digits
	whole                    // a whole number, with a sign if need be, or -
	number                   // a number with decimals or without, or -
	thousandths              // a number with three decimals
	items                    // a list as nginx writes it of several upstreams
	timing                   // a list of numbers with three decimals, each of which may be -
	status                   // three digits
)

// A field is what stands in a line between two texts.
type field struct {
	name  string // as the format string calls it
	shape shape

	// set puts the field's text into the record. It is nil for what is not kept.
	set func(r *record, text []byte) fault

	// accept says whether a text that has blanks around it and within may be the
	// field. It is nil if that has no blanks within.
	accept func(text []byte) bool

	stamp, target, server, timed bool // what the format says with it
}

// template implements lineReader.
func (t *template) read(line []byte, r *record) (bool, fault) {
	rest := line
	var wrong fault
	for k, s := range t.steps {
		var ok bool
		if rest, ok = t.cutLiteral(rest, s.literal); !ok {
			return false, t.mismatch(line, rest, fmt.Sprintf("%q", s.literal))
		}
		if s.field == nil {
			break
		}
		var next []byte
		if k+1 < len(t.steps) {
			next = t.steps[k+1].literal
		}
		var value []byte
		if value, rest, ok = s.field.cut(rest, s.literal, next); !ok {
			return false, t.mismatch(line, rest, s.field.name)
		}
		if s.field.set == nil {
			continue
		}
		if w := s.field.set(r, value); w.rule != "" {
			if !w.fits {
				return false, w
			}
			if wrong.rule == "" {
				wrong = w
			}
		}
	}
	if len(bytes.TrimRight(rest, " ")) > 0 {
		return false, t.mismatch(line, rest, "the end of the line")
	}
	r.noTarget = t.noTarget
	return false, wrong
}

// mismatch is the fault of a line that does not match.
func (t *template) mismatch(line, rest []byte, want string) fault {
	column := cap(line) - cap(rest) + 1
	return fault{line, fmt.Sprintf("at byte %d there must be %s, as the format has it", min(column, len(line)+1), want), false}
}

// cutLiteral cuts off a text of every line.
func (t *template) cutLiteral(rest, literal []byte) ([]byte, bool) {
	if !t.loose {
		return bytes.CutPrefix(rest, literal)
	}
	for _, c := range literal {
		if c == ' ' {
			rest = bytes.TrimLeft(rest, " ")
			continue
		}
		if len(rest) == 0 || rest[0] != c {
			return rest, false
		}
		rest = rest[1:]
	}
	return rest, true
}

// cut cuts off the field's text, which stands between those two.
func (f *field) cut(rest, before, next []byte) (value, left []byte, ok bool) {
	switch f.shape {
	case tail:
		return rest, rest[len(rest):], true
	case braces:
		if len(rest) == 0 || rest[0] != '{' {
			return rest[:0], rest, true
		}
		end := bytes.IndexByte(rest, '}')
		if end < 0 {
			return nil, rest, false
		}
		return rest[:end+1], bytes.TrimPrefix(rest[end+1:], []byte{' '}), true
	case items, timing:
		stop := byte(' ')
		if len(next) > 0 {
			stop = next[0]
		}
		end := listLength(rest, stop)
		return rest[:end], rest[end:], end > 0 && (f.shape == items || isTiming(rest[:end]))
	case natural, whole, number, thousandths, status:
		end := 0
		for end < len(rest) && (rest[end] >= '0' && rest[end] <= '9' || rest[end] == '.' || (rest[end] == '-' || rest[end] == '+') && end == 0) {
			end++
		}
		return rest[:end], rest[end:], f.shape.fits(rest[:end])
	}
	if f.shape == maybe && len(rest) > 0 && rest[0] == '"' {
		return quoted(rest[1:])
	}
	if bytes.HasSuffix(before, []byte{'"'}) && bytes.HasPrefix(next, []byte{'"'}) {
		value, _, ok = quoted(rest)
		return value, rest[len(value):], ok
	}
	return f.cutFree(rest, before, next)
}

// cutFree cuts off text that ends where the next one begins, or with the line. If
// blanks alone mark its ends, it has none within, unless accept says that it may:
// otherwise it would take fields that the format does not name. A user's name, which
// the time in brackets follows, may have any.
func (f *field) cutFree(rest, before, next []byte) (value, left []byte, ok bool) {
	bare := (len(before) == 0 || before[len(before)-1] == ' ') && (len(next) == 0 || next[0] == ' ') && !bytes.Contains(next, []byte{'['})
	if len(next) > 0 && next[0] == ':' && (len(before) == 0 || before[len(before)-1] == ' ') {
		token, _ := word(rest) // an address and a port: of IPv6 the last colon counts
		end := bytes.LastIndex(token, next[:1])
		return rest[:max(end, 0)], rest[max(end, 0):], end >= 0
	}
	for from, best := 0, -1; ; {
		end := len(rest)
		if len(next) > 0 {
			length := bytes.Index(rest[from:], next)
			if length < 0 {
				return rest[:max(best, 0)], rest[max(best, 0):], best >= 0
			}
			end = from + length
		} else if length := bytes.IndexByte(rest[from:], ' '); length >= 0 {
			end = from + length
		}
		if f.accept == nil || !bare {
			return rest[:end], rest[end:], !bare || bytes.IndexByte(rest[:end], ' ') < 0
		}
		accepted := f.accept(rest[:end])
		if accepted {
			best = end // it may go on, as a time does with its zone
		}
		if !accepted && best >= 0 || end >= len(rest) {
			return rest[:max(best, 0)], rest[max(best, 0):], best >= 0
		}
		from = end + 1
	}
}

// fits says whether a number has the shape.
func (s shape) fits(text []byte) bool {
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') && (s == whole || s == number) {
		if len(text) == 1 {
			return text[0] == '-'
		}
		text = text[1:]
	}
	decimals, ok := isNumber(text)
	switch s {
	case natural, whole:
		return isDigits(text)
	case thousandths:
		return ok && decimals == 3
	case status:
		return ok && len(text) == 3 && isDigits(text)
	}
	return ok
}

// isTiming says whether text is a list of numbers with three decimals, or -.
func isTiming(text []byte) bool {
	for len(text) > 0 {
		var one []byte
		one, text = listItem(text)
		if decimals, ok := isNumber(one); string(one) != "-" && !(ok && decimals == 3) {
			return false
		}
	}
	return true
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

// names says whether the format names a field of a kind.
func (t *template) names(kind func(*field) bool) bool {
	for _, s := range t.steps {
		if s.field != nil && kind(s.field) {
			return true
		}
	}
	return false
}

// servers implements lineReader.
func (t *template) servers() bool { return t.names(func(f *field) bool { return f.server }) }

// builder makes a template out of texts and fields in their order.
type builder struct {
	steps   []step
	literal []byte
}

// text adds a text of every line.
func (b *builder) text(text string) { b.literal = append(b.literal, text...) }

// textBefore adds what comes before a marker in a format, and returns what comes after
// it. Without a marker it adds all of the format.
func (b *builder) textBefore(format, marker string) (rest string, found bool) {
	text, rest, found := strings.Cut(format, marker)
	b.text(text)
	return rest, found
}

// field adds a field.
func (b *builder) field(f field) {
	b.steps = append(b.steps, step{b.literal, &f})
	b.literal = nil
}

// template checks what was added and returns it.
func (b *builder) template() (*template, error) {
	steps := b.steps
	if b.literal != nil {
		steps = append(steps, step{literal: b.literal})
	}
	steps = join(steps)
	t := &template{steps: steps}
	for k, s := range steps {
		open := s.field != nil && (s.field.shape == free || s.field.shape == maybe)
		if open && k+1 < len(steps) && len(steps[k+1].literal) == 0 {
			return nil, fmt.Errorf("there must be text between %s and %s, or nobody can tell where one ends", s.field.name, steps[k+1].field.name)
		}
	}
	if !t.names(func(f *field) bool { return f.stamp }) {
		return nil, fmt.Errorf("there must be a field for the time")
	}
	t.noTarget = !t.names(func(f *field) bool { return f.target })
	return t, nil
}

// join makes one field of neighbours that are logged without text between them: a
// host and a path, a path and its parameters.
func join(steps []step) []step {
	var out []step
	for _, s := range steps {
		last := len(out) - 1
		if last >= 0 && s.field != nil && len(s.literal) == 0 && out[last].field != nil && s.field.shape == free && out[last].field.shape == free && (s.field.target || out[last].field.target) && !s.field.stamp && !out[last].field.stamp {
			joint := field{name: out[last].field.name + s.field.name, shape: free, target: true, set: setJoint}
			out[last].field = &joint
			continue
		}
		out = append(out, s)
	}
	return out
}
