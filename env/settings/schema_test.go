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

// TestSchema: every kind of field, with its default where JSON has it.
func TestSchema(t *testing.T) {
	t.Parallel()
	type inner struct {
		Kind string `yaml:"kind"`
	}
	type all struct {
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
		Inline struct{ Deep int } `yaml:",inline"`
	}
	docs := notes{"Kind": "K.", "Flag": "<F>.", "Count": "C.", "Shift": "S.", "Texts": "T.", "Pair": "P.", "Level": "L.", "Map": "M.", "Opt": "O.", "Inner": "I.", "List": "L.", "Deep": "D."}
	half := 0.5
	text, err := Schema("all", all{Count: 3, Texts: []string{"a"}, Opt: &half, Inner: inner{"x"}}, docs, map[string][]string{"inner.kind": {"x", "y"}, "list[].kind": {"z"}})
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
			"deep": {"description": "D.", "type": "integer", "default": 0}
		}}`, string(text))
	require.Contains(t, string(text), "<F>", "as a person reads it")

	var order struct{ Properties json.RawMessage }
	require.NoError(t, json.Unmarshal(text, &order))
	require.Regexp(t, `(?s)"flag".*"count".*"shift".*"part".*"deep"`, string(order.Properties), "the struct's order")
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	type twice struct {
		A int `yaml:"a" doc:"said"`
		B int `yaml:"b"`
	}
	_, err := Schema("t", twice{}, notes{"A": "said again"}, map[string][]string{"c": {"x"}})
	require.EqualError(t, err, "settings: schema: a: has a doc tag and a comment: one must go\n"+
		"settings: schema: b: has neither a doc tag nor a comment\nsettings: schema: choices of c: no such field of type string")
	_, err = Schema("t", 3, notes{}, nil)
	require.EqualError(t, err, "settings: no schema of int: must be a struct")
}

// bounded has numbers with rules, one of which depends on another field.
type bounded struct {
	Whole  int     `yaml:"whole"`
	Part   float64 `yaml:"part"`
	Rate   float32 `yaml:"rate"`
	Free   float64 `yaml:"free"`
	Beside int     `yaml:"beside"`
	Inner  struct {
		Age float64 `yaml:"age"`
	} `yaml:"inner"`
}

func (b *bounded) Validate(report func(path string, value any, rule string)) {
	want := func(ok bool, path string, value any, rule string) {
		if !ok {
			report(path, value, rule)
		}
	}
	want(b.Whole >= 1 && b.Whole <= 9, "whole", b.Whole, "must be in [1, 9]")
	want(b.Part > 0 && b.Part < 1e3, "part", b.Part, "must be in (0, 1e3)")
	want(b.Rate > 0, "rate", b.Rate, "must be positive and finite")
	want(b.Beside >= b.Whole, "beside", b.Beside, "must be at least whole")
	want(b.Inner.Age >= 0, "inner.age", b.Inner.Age, "must not be negative")
}

// TestSchemaBounds: what Validate says of a number alone is in the schema, and
// finding it out changes nothing.
func TestSchemaBounds(t *testing.T) {
	t.Parallel()
	docs := notes{"Whole": "W.", "Part": "P.", "Rate": "R.", "Free": "F.", "Beside": "B.", "Inner": "I.", "Age": "A."}
	text, err := Schema("bounded", bounded{Whole: 2, Part: 3}, docs, nil)
	require.NoError(t, err)
	var got struct {
		Properties map[string]map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &got))
	for name, want := range map[string]map[string]any{
		"whole":  {"type": "integer", "minimum": 1., "maximum": 9., "default": 2.},
		"part":   {"type": "number", "exclusiveMinimum": 0., "exclusiveMaximum": 1e3, "default": 3.},
		"rate":   {"type": "number", "exclusiveMinimum": 0., "default": 0.},
		"free":   {"type": "number", "default": 0.},
		"beside": {"type": "integer", "default": 0.},
	} {
		delete(got.Properties[name], "description")
		require.Equal(t, want, got.Properties[name], name)
	}
	age := got.Properties["inner"]["properties"].(map[string]any)["age"].(map[string]any)
	require.Equal(t, 0., age["minimum"])
}
