package settings

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is one fault of a settings file or of an override.
type Error struct {
	Place string // "FILE:LINE:COLUMN", "FILE" if the value is a default, or "--set"
	Path  string // "servers[2].cpus"; empty for the document as a whole
	Value string // as written; empty if the rule is not about a value
	Rule  string // what is wrong, or what the value must be

	location location
	cause    error // what the operating system said, if that was the fault
}

// Error returns the fault on one line.
func (e Error) Error() string {
	var b strings.Builder
	if e.Place != "" {
		b.WriteString(e.Place + ": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path)
		if e.Value != "" {
			b.WriteString(" = " + e.Value)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Rule)
	return b.String()
}

// Unwrap returns the operating system's error, if that was the fault.
func (e Error) Unwrap() error { return e.cause }

// Errors are all faults of a settings file and its overrides: those of the
// file by line, then those of the overrides, then those of defaults. It is
// never returned empty.
type Errors []Error

// maxFaults is the number of faults that a message has at most.
const maxFaults = 20

// Error returns the faults, each on its own line; of many, the first and how
// many more there are.
func (es Errors) Error() string {
	var lines []string
	for _, e := range es[:min(len(es), maxFaults)] {
		lines = append(lines, e.Error())
	}
	if more := len(es) - maxFaults; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more faults", more))
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is and errors.As look at each fault.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

var _ interface{ Unwrap() []error } = Errors(nil)

// source says where a value came from. Faults are reported in the order of these
// constants.
type source int

const (
	fromFile source = iota
	fromOverride
	fromDefault
)

// location is where a value was given. Lines and columns count from 1; line 0
// means the file as a whole.
type location struct {
	source       source
	line, column int
}

// place returns a location as a message shows it; name is that of the file.
func (l location) place(name string) string {
	switch {
	case l.source == fromOverride:
		return "--set"
	case l.line > 0:
		return fmt.Sprintf("%s:%d:%d", name, l.line, l.column)
	}
	return name
}

// sortErrors puts faults in the order that Errors promises. Faults of one place
// stay in the order in which they were found.
func sortErrors(es Errors) {
	slices.SortStableFunc(es, func(a, b Error) int {
		return cmp.Or(
			cmp.Compare(a.location.source, b.location.source),
			cmp.Compare(a.location.line, b.location.line),
			cmp.Compare(a.location.column, b.location.column),
		)
	})
}

// oneLine returns text as a message can show it, without line breaks and control
// characters, and cut to limit runes, in the middle.
func oneLine(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > limit {
		tail := (limit - 3) / 3
		text = string(runes[:limit-3-tail]) + "..." + string(runes[len(runes)-tail:])
	}
	return text
}

// asErrors returns es as an error, nil if there is none.
func asErrors(es Errors) error {
	if len(es) == 0 {
		return nil
	}
	sortErrors(es)
	return es
}

// IsFault reports whether err is, or wraps, faults of a settings file: the
// user's to mend, not the program's.
func IsFault(err error) bool {
	var es Errors
	return errors.As(err, &es)
}
