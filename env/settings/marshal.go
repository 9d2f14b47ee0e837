package settings

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Marshal writes v, a struct or a pointer to one, as a settings file: fields
// in the struct's order, map keys sorted, each field's doc tag behind it as a
// comment. Load of what it writes gives v again, whatever the defaults are
// (but for fields with omitempty, whose default must be zero).
func Marshal(v any) ([]byte, error) {
	return marshal(v, emitter{docs: true})
}

// Hash returns the SHA-256, in hexadecimal, of the settings v. It depends on
// names and values alone: neither on comments nor on the order of fields.
func Hash(v any) (string, error) {
	text, err := marshal(v, emitter{sorted: true})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// emitter writes values as YAML. The first fault is kept in err.
type emitter struct {
	docs   bool              // write doc tags as comments
	rules  map[string][]Rule // by path, for the values that doc tags ask for
	sorted bool              // fields by name
	out    bytes.Buffer
	err    error
}

// marshal writes v with e.
func marshal(v any, e emitter) ([]byte, error) {
	root := deref(reflect.ValueOf(v))
	if root.Kind() != reflect.Struct {
		return nil, fmt.Errorf("settings: cannot marshal %T: must be a struct", v)
	}
	// Addressable, for methods with pointer receivers.
	top := reflect.New(root.Type()).Elem()
	top.Set(root)
	if e.docs {
		e.rules = rulesOf(top)
	}
	for _, entry := range e.entries(top, "") {
		e.entry(entry, 0)
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.out.Bytes(), nil
}

// entry is a key with its value, and the comment behind it.
type entry struct {
	key, path, doc string
	value          reflect.Value
}

// entries lists a struct's fields or a map's elements.
func (e *emitter) entries(v reflect.Value, path string) []entry {
	var list []entry
	if v.Kind() == reflect.Map {
		for it := v.MapRange(); it.Next(); {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(it.Value())
			key := it.Key().String()
			list = append(list, entry{key: key, path: join(path, key), value: element})
		}
	} else {
		for _, f := range fieldsOf(v.Type()) {
			value := v.FieldByIndex(f.index)
			if f.omitEmpty && (value.IsZero() || value.Kind() == reflect.Slice && value.Len() == 0) {
				continue
			}
			fieldPath := join(path, f.name)
			list = append(list, entry{f.name, fieldPath, withValues(f.doc, e.rules[fieldPath]), value})
		}
	}
	if e.sorted || v.Kind() == reflect.Map {
		slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	}
	return list
}

// entry writes one key and its value, at the given indentation.
func (e *emitter) entry(n entry, indent int) {
	comment := ""
	if e.docs && n.doc != "" {
		comment = "  # " + oneLine(n.doc, 120)
	}
	e.out.WriteString(e.quote(n.key, n.path) + ":")
	v := deref(n.value)
	if e.isInline(v) {
		e.out.WriteString(" " + e.inline(v, n.path) + comment + "\n")
		return
	}
	e.out.WriteString(comment + "\n")
	e.block(v, n.path, indent+2)
}

// block writes a filled struct, map or list, one line or more an element.
func (e *emitter) block(v reflect.Value, path string, indent int) {
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
		for i := range v.Len() {
			e.pad(indent)
			e.out.WriteString("-")
			e.element(v.Index(i), fmt.Sprintf("%s[%d]", path, i), indent+2)
		}
		return
	}
	for _, n := range e.entries(v, path) {
		e.pad(indent)
		e.entry(n, indent)
	}
}

// element writes a list's element behind its dash.
func (e *emitter) element(v reflect.Value, path string, indent int) {
	v = deref(v)
	if e.isInline(v) {
		e.out.WriteString(" " + e.inline(v, path) + "\n")
		return
	}
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
		e.out.WriteString("\n")
		e.block(v, path, indent)
		return
	}
	docs := e.docs
	e.docs = false // once a list is enough, and the list has one
	for i, n := range e.entries(v, path) {
		if i == 0 {
			e.pad(1)
		} else {
			e.pad(indent)
		}
		e.entry(n, indent)
	}
	e.docs = docs
}

// pad indents a line.
func (e *emitter) pad(indent int) {
	e.out.WriteString(strings.Repeat(" ", indent))
}

// deref follows pointers, up to a nil one.
func deref(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v
}

// isInline reports whether a value is written on one line: scalars, nil, what
// has nothing in it, and lists of such.
func (e *emitter) isInline(v reflect.Value) bool {
	if _, ok := textOf(v); ok {
		return true
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		return len(e.entries(v, "")) == 0
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !e.isInline(deref(v.Index(i))) {
				return false
			}
		}
	}
	return true
}

// textOf returns the marshaler of a value that writes itself as text.
func textOf(v reflect.Value) (encoding.TextMarshaler, bool) {
	if v.Kind() == reflect.Pointer || !v.IsValid() {
		return nil, false
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		return m, true
	}
	if v.CanAddr() {
		m, ok := v.Addr().Interface().(encoding.TextMarshaler)
		return m, ok
	}
	return nil, false
}

// inline renders a value on one line.
func (e *emitter) inline(v reflect.Value, path string) string {
	v = deref(v)
	if m, ok := textOf(v); ok {
		text, err := m.MarshalText()
		e.fail(path, err)
		return e.quote(string(text), path)
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		return formatFloat(v.Float(), v.Type().Bits())
	case reflect.String:
		return e.quote(v.String(), path)
	case reflect.Struct:
		return "{}"
	case reflect.Pointer:
		return "null"
	case reflect.Map:
		if v.IsNil() {
			return "null"
		}
		return "{}"
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return "null"
		}
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = e.inline(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	e.fail(path, fmt.Errorf("unsupported Go type %s", v.Type()))
	return ""
}

// fail keeps the first error.
func (e *emitter) fail(path string, err error) {
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("settings: %s: %w", path, err)
	}
}

// formatFloat writes the shortest number that reads back as f, with a point
// in a mantissa, which YAML 1.1 readers want.
func formatFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	if a := math.Abs(f); a == 0 || a >= 1e-4 && a < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, bits)
	}
	text := strconv.FormatFloat(f, 'e', -1, bits)
	if !strings.Contains(text, ".") {
		text = strings.Replace(text, "e", ".0e", 1)
	}
	return text
}

// plainText matches strings that mean themselves without quotes, but for the
// words of reserved.
var (
	plainText = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*$`)
	reserved  = regexp.MustCompile(`(?i)^(null|true|false|y|yes|n|no|on|off)$`)
)

// quote writes a string, in double quotes where it needs them.
func (e *emitter) quote(s, path string) string {
	if !utf8.ValidString(s) {
		e.fail(path, fmt.Errorf("%q is not UTF-8", s))
	}
	if plainText.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}
