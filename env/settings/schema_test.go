package settings

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// notes describe every field by its name, and the values of no type.
type notes map[string]string

func (n notes) Field(_ reflect.Type, field string) (string, error) { return n[field], nil }
func (notes) Values(reflect.Type) ([]Choice, error)                { return nil, nil }

type inner struct {
	Kind string `yaml:"kind"`
}

// everything has every kind of field.
type everything struct {
	Flag   bool               `yaml:"flag"`
	Count  uint8              `yaml:"count"`
	Shift  int                `yaml:"shift,omitempty"`
	Part   float64            `yaml:"part" doc:"of one"`
	Texts  []string           `yaml:"texts"`
	Pair   [2]float64         `yaml:"pair"`
	Level  level              `yaml:"level"`
	Map    map[string]inner   `yaml:"map"`
	Opt    *float64           `yaml:"opt"`
	Inner  inner              `yaml:"inner"`
	List   []inner            `yaml:"list"`
	Color  string             `yaml:"color" doc:"one of {values}"`
	Inline struct{ Deep int } `yaml:",inline"`
}

func (e *everything) Rules(r *Rules) {
	r.Under("inner").Check("kind", e.Inner.Kind, OneOf("x", "y"))
	r.Check("color", e.Color, OneOf("red", "blue"))
	Each(r, "list", e.List, func(r *Rules, _ int, x *inner) { r.Check("kind", x.Kind, OneOf("z")) })
}

// TestSchema: every kind of field, with its default where JSON has it.
func TestSchema(t *testing.T) {
	t.Parallel()
	docs := notes{"Kind": "K.", "Flag": "<F>.", "Count": "C.", "Shift": "S.", "Texts": "T.", "Pair": "P.", "Level": "L.", "Map": "M.", "Opt": "O.", "Inner": "I.", "List": "L.", "Deep": "D."}
	half := 0.5
	text, err := Schema("all", everything{Count: 3, Texts: []string{"a"}, Opt: &half, Inner: inner{"x"}}, docs)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "all", "type": "object", "additionalProperties": false,
		"properties": {
			"flag": {"description": "<F>.", "type": "boolean", "default": false},
			"count": {"description": "C.", "type": "integer", "minimum": 0, "default": 3},
			"shift": {"description": "S.", "type": "integer"},
			"part": {"description": "of one", "type": "number", "default": 0},
			"texts": {"description": "T.", "type": ["array", "null"], "items": {"type": "string"}, "default": ["a"]},
			"pair": {"description": "P.", "type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2, "default": [0, 0]},
			"level": {"description": "L.", "type": "string", "default": "low"},
			"map": {"description": "M.", "type": ["object", "null"], "additionalProperties": {"type": ["object", "null"], "additionalProperties": false,
				"properties": {"kind": {"description": "K.", "type": "string"}}}},
			"opt": {"description": "O.", "type": ["number", "null"], "default": 0.5},
			"inner": {"description": "I.", "type": ["object", "null"], "additionalProperties": false,
				"properties": {"kind": {"description": "K.", "type": "string", "enum": ["x", "y"], "default": "x"}}},
			"list": {"description": "L.", "type": ["array", "null"], "items": {"type": ["object", "null"], "additionalProperties": false,
				"properties": {"kind": {"description": "K.", "type": "string", "enum": ["z"]}}}},
			"color": {"description": "one of red, blue", "type": "string", "enum": ["red", "blue"]},
			"deep": {"description": "D.", "type": "integer", "default": 0}
		}}`, string(text))
	require.Contains(t, string(text), "<F>", "as a person reads it")

	var order struct{ Properties json.RawMessage }
	require.NoError(t, json.Unmarshal(text, &order))
	require.Regexp(t, `(?s)"flag".*"count".*"shift".*"part".*"deep"`, string(order.Properties), "the struct's order")
}

// faulty has a field that is described twice, one that is not described, one
// whose constants are not the values of its rule, and a rule of no field.
type faulty struct {
	A int    `yaml:"a" doc:"said"`
	B int    `yaml:"b"`
	D string `yaml:"d" doc:"of constants"`
}

func (f *faulty) Rules(r *Rules) {
	r.Check("c", f.A, Positive())
	r.Check("d", f.D, OneOf("y", "z"))
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	_, err := Schema("t", faulty{}, constants{notes{"A": "said again"}})
	require.EqualError(t, err, "settings: schema: a: has a doc tag and a comment: one must go\n"+
		"settings: schema: b: has neither a doc tag nor a comment\nsettings: schema: c: has a rule, but there is no such field\n"+
		`settings: schema: d: the constant "x" is none of the values of its rule`)
	_, err = Schema("t", 3, notes{})
	require.EqualError(t, err, "settings: no schema of int: must be a struct")
}

// constants are notes that know of a constant x and of a constant y.
type constants struct{ notes }

func (constants) Values(t reflect.Type) ([]Choice, error) {
	if t.Kind() != reflect.String {
		return nil, nil
	}
	return []Choice{{Value: "x"}, {Value: "y"}}, nil
}

// bounded has numbers with rules, some of which depend on another field.
type bounded struct {
	Whole  int     `yaml:"whole"`
	Part   float64 `yaml:"part"`
	Rate   float32 `yaml:"rate"`
	Free   float64 `yaml:"free"`
	Beside int     `yaml:"beside"`
	Inner  struct {
		Age float64 `yaml:"age"`
	} `yaml:"inner"`
	List []struct {
		Age float64 `yaml:"age"`
	} `yaml:"list"`
}

func (b *bounded) Rules(r *Rules) {
	r.Check("whole", b.Whole, Closed(1, 9))
	r.Check("part", b.Part, Open(0, 1e3))
	r.Check("rate", b.Rate, Positive())
	r.Check("rate", b.Rate, AtMost(50))
	r.Require(b.Beside >= b.Whole, "beside", b.Beside, "must be at least whole")
	r.When(b.Whole > 1).Check("free", b.Free, AtLeast(1))
	r.Under("inner").Check("age", b.Inner.Age, NotNegative())
	r.Check("list", b.List, Elements(7))
	Each(r, "list", b.List, func(r *Rules, _ int, x *struct {
		Age float64 `yaml:"age"`
	}) {
		r.Check("age", x.Age, OpenClosed(0, 2))
	})
}

// TestSchemaBounds: what a Rule says of a value alone is in the schema.
func TestSchemaBounds(t *testing.T) {
	t.Parallel()
	docs := notes{"Whole": "W.", "Part": "P.", "Rate": "R.", "Free": "F.", "Beside": "B.", "Inner": "I.", "Age": "A.", "List": "L."}
	text, err := Schema("bounded", bounded{Whole: 2, Part: 3}, docs)
	require.NoError(t, err)
	var got struct {
		Properties map[string]map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &got))
	for name, want := range map[string]map[string]any{
		"whole":  {"type": "integer", "minimum": 1., "maximum": 9., "default": 2.},
		"part":   {"type": "number", "exclusiveMinimum": 0., "exclusiveMaximum": 1e3, "default": 3.},
		"rate":   {"type": "number", "exclusiveMinimum": 0., "maximum": 50., "default": 0.},
		"free":   {"type": "number", "default": 0.},
		"beside": {"type": "integer", "default": 0.},
	} {
		delete(got.Properties[name], "description")
		require.Equal(t, want, got.Properties[name], name)
	}
	age := got.Properties["inner"]["properties"].(map[string]any)["age"].(map[string]any)
	require.Equal(t, 0., age["minimum"])
	list := got.Properties["list"]
	require.Equal(t, []any{1., 7.}, []any{list["minItems"], list["maxItems"]})
	age = list["items"].(map[string]any)["properties"].(map[string]any)["age"].(map[string]any)
	require.Equal(t, []any{0., 2.}, []any{age["exclusiveMinimum"], age["maximum"]})
}
