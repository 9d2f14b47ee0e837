package settings

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// Docs says of Go types what a schema should tell and reflection does not know:
// the comments in their source.
type Docs interface {
	// Field returns the comment of a struct's field, empty if there is none.
	Field(structType reflect.Type, field string) (string, error)
	// Values returns the constants of a named string type with their comments,
	// no constants if the type has none.
	Values(t reflect.Type) ([]Choice, error)
}

// Choice is a value that a field may have, and what it means, which may be
// empty.
type Choice struct{ Value, Meaning string }

// Schema returns the JSON schema (draft 2020-12) of settings files that are
// laid over v, a struct or a pointer to one that holds the defaults: for each
// field its description, type, default, and what the Rules that v states of it
// say to a schema. A description is the field's doc tag or else what docs says
// of it; a field without one is an error, and so is one with both. Where docs
// has values of a named string type, their meanings are added, and it is an
// error if they are not the values of the field's Rule.
//
// What v wants of a value only in relation to others is not in the schema.
func Schema(title string, v any, docs Docs) ([]byte, error) {
	root := deref(reflect.ValueOf(v))
	if root.Kind() != reflect.Struct {
		return nil, fmt.Errorf("settings: no schema of %T: must be a struct", v)
	}
	top := reflect.New(root.Type()).Elem()
	top.Set(root)
	m := schemaMaker{docs: docs, rules: rulesOf(top), used: map[string]bool{}}
	s := m.structure(top.Type(), top, "")
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", title
	for path := range m.rules {
		if !m.used[path] {
			m.fault(path, "has a rule, but there is no such field")
		}
	}
	slices.SortFunc(m.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if err := errors.Join(m.errs...); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("settings: schema: %w", err)
	}
	return out.Bytes(), nil
}

// schema is a JSON schema, as far as settings need it.
type schema struct {
	Schema      string   `json:"$schema,omitempty"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        any      `json:"type"` // a name or several
	Enum        []string `json:"enum,omitempty"`
	bounds
	MinLength  int             `json:"minLength,omitempty"`
	Default    json.RawMessage `json:"default,omitempty"`
	Items      *schema         `json:"items,omitempty"`
	MinItems   int             `json:"minItems,omitempty"`
	MaxItems   int             `json:"maxItems,omitempty"`
	Properties *properties     `json:"properties,omitempty"`
	Additional any             `json:"additionalProperties,omitempty"` // false, or the schema of a map's elements
}

// properties are a struct's fields in its order.
type properties []property

type property struct {
	name   string
	schema *schema
}

// MarshalJSON implements json.Marshaler.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for k, one := range p {
		b.WriteByte("{,"[min(k, 1)])
		fmt.Fprintf(&b, "%q:", one.name)
		if err := e.Encode(one.schema); err != nil {
			return nil, err
		}
	}
	if len(p) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// schemaMaker makes schemas and notes what it cannot say.
type schemaMaker struct {
	docs  Docs
	rules map[string][]Rule // of fields, by path
	used  map[string]bool   // the paths whose rules are in the schema
	errs  []error
}

func (m *schemaMaker) fault(path, format string, args ...any) {
	m.errs = append(m.errs, fmt.Errorf("settings: schema: %s: %w", path, fmt.Errorf(format, args...)))
}

// structure returns the schema of a struct type. defaults is a value of the type,
// or invalid where there are no defaults (in the elements of lists).
func (m *schemaMaker) structure(t reflect.Type, defaults reflect.Value, path string) *schema {
	s := &schema{Type: []string{"object", "null"}, Properties: &properties{}, Additional: false}
	if path == "" {
		s.Type = "object"
	}
	for _, f := range fieldsOf(t) {
		var value reflect.Value
		if defaults.IsValid() {
			value = defaults.FieldByIndex(f.index)
			if f.omitEmpty && value.IsZero() {
				value = reflect.Value{}
			}
		}
		fieldPath := join(path, f.name)
		one := m.value(t.FieldByIndex(f.index).Type, value, fieldPath)
		one.Description = m.describe(t, f, fieldPath, one.Description)
		*s.Properties = append(*s.Properties, property{f.name, one})
	}
	return s
}

// describe returns the description of a field of the struct type t; meanings, of
// the field's values, end it.
func (m *schemaMaker) describe(t reflect.Type, f field, path, meanings string) string {
	owner := t
	if n := len(f.index); n > 1 {
		owner = t.FieldByIndex(f.index[:n-1]).Type
	}
	text, err := m.docs.Field(owner, t.FieldByIndex(f.index).Name)
	switch {
	case err != nil:
		m.fault(path, "%w", err)
	case text != "" && f.doc != "":
		m.fault(path, "has a doc tag and a comment: one must go")
	case text == "" && f.doc == "":
		m.fault(path, "has neither a doc tag nor a comment")
	}
	return text + withValues(f.doc, m.rules[path]) + meanings
}

// value returns the schema of a value of type t at path. Its description has
// nothing but the meanings of the values.
func (m *schemaMaker) value(t reflect.Type, defaults reflect.Value, path string) *schema {
	if t.Kind() == reflect.Pointer {
		if defaults.IsValid() {
			defaults = defaults.Elem() // invalid, if it is nil
		}
		s := m.value(t.Elem(), defaults, path)
		if name, ok := s.Type.(string); ok {
			s.Type = []string{name, "null"}
		}
		return s
	}
	m.used[path] = true
	s := &schema{}
	switch _, text := reflect.New(t).Interface().(encoding.TextUnmarshaler); {
	case text:
		s.Type = "string"
	case t.Kind() == reflect.String:
		s.Type = "string"
	case t.Kind() == reflect.Bool:
		s.Type = "boolean"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		s.Type = "integer"
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		s.Type, s.Minimum = "integer", new(float64)
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		s.Type = "number"
	case t.Kind() == reflect.Struct:
		return m.structure(t, defaults, path)
	case t.Kind() == reflect.Map:
		s.Type, s.Additional = []string{"object", "null"}, m.value(t.Elem(), reflect.Value{}, path+"[]")
		return s
	case t.Kind() == reflect.Slice:
		s.Type, s.Items = []string{"array", "null"}, m.value(t.Elem(), reflect.Value{}, path+"[]")
	case t.Kind() == reflect.Array:
		s.Type, s.Items, s.MinItems, s.MaxItems = "array", m.value(t.Elem(), reflect.Value{}, path+"[]"), t.Len(), t.Len()
	default:
		panic("settings: unsupported Go type: " + t.String())
	}
	for _, rule := range m.rules[path] {
		rule.constrain(s)
	}
	if t.Kind() == reflect.String {
		m.values(s, t, path)
	}
	s.Default = m.written(defaults, path)
	return s
}

// values adds to the schema of a string what docs says of the values of its
// type, if anything.
func (m *schemaMaker) values(s *schema, t reflect.Type, path string) {
	list, err := m.docs.Values(t)
	if err != nil {
		m.fault(path, "%w", err)
	}
	ruled := s.Enum != nil
	for _, c := range list {
		switch {
		case !ruled:
			s.Enum = append(s.Enum, c.Value)
		case !slices.Contains(s.Enum, c.Value):
			m.fault(path, "the constant %q is none of the values of its rule", c.Value)
		}
		if c.Meaning != "" {
			s.Description += "\n" + c.Value + ": " + c.Meaning
		}
	}
}

// withValues returns a doc tag with the values of the field's rule, if it is
// one of several, in place of {values}.
func withValues(doc string, rules []Rule) string {
	for _, rule := range rules {
		if rule.values != nil {
			return strings.ReplaceAll(doc, "{values}", strings.Join(rule.values, ", "))
		}
	}
	return doc
}

// written returns a default as JSON; nothing where there is no default, or one
// that JSON cannot write.
func (m *schemaMaker) written(v reflect.Value, path string) json.RawMessage {
	if !v.IsValid() || v.Kind() == reflect.Slice && v.IsNil() {
		return nil
	}
	if k := v.Kind(); k == reflect.Slice || k == reflect.Array {
		if element := v.Type().Elem().Kind(); element == reflect.Struct || element == reflect.Pointer {
			return nil // whose names JSON does not know
		}
	}
	if v.Kind() == reflect.String && v.Len() == 0 {
		return nil
	}
	if v.CanFloat() && (math.IsInf(v.Float(), 0) || math.IsNaN(v.Float())) {
		return nil
	}
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		m.fault(path, "default: %w", err)
	}
	return raw
}
