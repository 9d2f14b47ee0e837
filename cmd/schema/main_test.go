package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/env/testbed/plane"
	"fairlb/eval/study"
	"fairlb/train"
	"fairlb/train/schema"
)

func root() fs.FS { return os.DirFS(filepath.Join("..", "..")) }

// TestCommitted: the schemas in the repository are those of the structs and
// comments of today, and so each field has a description.
func TestCommitted(t *testing.T) {
	t.Parallel()
	for _, name := range schema.Names() {
		want, err := generate(root(), name)
		require.NoError(t, err)
		got, err := schema.Get(name)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%s.json is stale: run make schema", name)
	}
	_, err := generate(root(), "recipe")
	require.ErrorIs(t, err, schema.ErrUnknown)
}

// compiled returns a committed schema, checked against draft 2020-12.
func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := schema.Get(name)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource(name, doc))
	s, err := c.Compile(name)
	require.NoError(t, err)
	return s
}

// validate reads YAML as an editor would, and holds it against a schema.
func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	raw, err := yaml.YAMLToJSON(text)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	return s.Validate(value)
}

// TestFiles: the files that ship, what is saved with a run, and the built-in
// scenarios keep their schemas, and the files name theirs to editors.
func TestFiles(t *testing.T) {
	t.Parallel()
	hyper, studies := compiled(t, "hyperparameters"), compiled(t, "study")
	for kind, s := range map[string]*jsonschema.Schema{"hyperparameters": hyper, "study": studies} {
		folder := map[string]string{"hyperparameters": "recipes", "study": "studies"}[kind]
		files, err := fs.Glob(root(), "train/"+folder+"/*.yaml")
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, name := range files {
			text, err := fs.ReadFile(root(), name)
			require.NoError(t, err)
			require.NoError(t, validate(t, s, text), name)
			require.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=../schema/"+kind+".json\n"), name)
			if kind != "hyperparameters" {
				continue
			}
			h, err := train.LoadHyperparameters(name, text, nil)
			require.NoError(t, err)
			saved, err := settings.Marshal(h)
			require.NoError(t, err)
			require.NoError(t, validate(t, s, saved), name)
		}
	}
	for _, name := range []string{"env/testbed/lb.yaml"} {
		text, err := fs.ReadFile(root(), name)
		require.NoError(t, err)
		require.NoError(t, validate(t, compiled(t, "lb"), text), name)
		require.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=../../train/schema/lb.json\n"), name)
		_, err = plane.Load(name, text)
		require.NoError(t, err)
	}
	scenarios := compiled(t, "scenario")
	for _, one := range scenario.List() {
		s, err := scenario.Load(one.Name, nil)
		require.NoError(t, err)
		text, err := settings.Marshal(s)
		require.NoError(t, err)
		require.NoError(t, validate(t, scenarios, text), one.Name)
	}
}

// TestFaults: the schemas refuse what is misspelt or of another type, as the
// reader of the files does.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ kind, text, want string }{
		{"hyperparameters", "episode: 4", "additional properties 'episode' not allowed"},
		{"hyperparameters", "sac: {gama: 0.5}", "additional properties 'gama' not allowed"},
		{"hyperparameters", "method: sarsa", "value must be one of"},
		{"hyperparameters", "sac: {head: categorical}", "value must be one of 'gaussian', 'discrete'"},
		{"hyperparameters", "seed: -1", "minimum"},
		{"hyperparameters", "episodes: 1.5", "got number, want integer"},
		{"hyperparameters", "qmix: {double: 3}", "got number, want boolean"},
		{"hyperparameters", "sac: {levels: [a]}", "got string, want number"},
		{"scenario", "cpu: {discipline: lifo}", "value must be one of"},
		{"scenario", "changes: [{kind: explode}]", "value must be one of"},
		{"scenario", "workload: {classes: [{stages: [{law: uniform}]}]}", "value must be one of"},
		{"scenario", "workload: {arrivals: {mmpp: {factor: [1]}}}", "additional properties 'factor' not allowed"},
		{"lb", "health: {check: https}", "value must be one of"},
		{"lb", "servers: [{weight: 3}]", "additional properties 'weight' not allowed"},
		{"study", "bars: [{at_most: low}]", "got string, want number"},
	} {
		require.ErrorContains(t, validate(t, compiled(t, test.kind), []byte(test.text)), test.want, test.text)
		var err error
		switch test.kind {
		case "hyperparameters":
			_, err = train.LoadHyperparameters("f.yaml", []byte(test.text), nil)
		case "lb":
			_, err = plane.Load("f.yaml", []byte(test.text))
		case "scenario":
			s := scenario.Default()
			err = settings.Load("f.yaml", []byte(test.text), nil, &s)
		case "study":
			_, err = study.Load("f.yaml", []byte(test.text))
		}
		require.True(t, settings.IsFault(err), test.text)
	}
}

// TestDefaults: a schema's defaults are those of an empty file.
func TestDefaults(t *testing.T) {
	t.Parallel()
	s := compiled(t, "hyperparameters")
	require.Equal(t, "320", (*s.Properties["episodes"].Default).(interface{ String() string }).String())
	require.Equal(t, "linear", *s.Properties["sac"].Properties["schedule"].Default)
	require.Len(t, *s.Properties["qmix"].Properties["levels"].Default, 21)
	require.Nil(t, s.Properties["scenario_set"].Default)
}

// constraint is a value that a schema refuses at a path of a file.
type constraint struct{ path, value string }

// constraints lists a value beyond each bound of a schema, which is given as
// decoded JSON, at or below a path.
func constraints(node map[string]any, path string) (list []constraint) {
	add := func(value string) { list = append(list, constraint{path, value}) }
	number := func(key string, step float64) {
		if limit, ok := node[key].(float64); ok {
			add(strconv.FormatFloat(limit+step, 'g', -1, 64))
		}
	}
	number("minimum", -1)
	number("maximum", 1)
	number("exclusiveMinimum", 0)
	number("exclusiveMaximum", 0)
	if node["enum"] != nil {
		add("none-of-them")
	}
	if node["minLength"] != nil {
		add(`""`)
	}
	if node["minItems"] != nil {
		add("[]")
	}
	if fields, ok := node["properties"].(map[string]any); ok {
		for name, field := range fields {
			list = append(list, constraints(field.(map[string]any), strings.TrimPrefix(path+"."+name, "."))...)
		}
	}
	if items, ok := node["items"].(map[string]any); ok {
		list = append(list, constraints(items, path+"[]")...)
	}
	return list
}

// TestNotStricter: what a schema refuses, the reader of the files refuses too,
// at that path, whatever kind of element of a list it is in; so a file that is
// read is never marked by an editor.
func TestNotStricter(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"hyperparameters": "method: distr-lb",
		"lb":              `{listen: [{address: "127.0.0.1:80"}], servers: [{address: "127.0.0.1:81"}]}`,
		"scenario": `{servers: [{count: 2, cpus: 2, speed: 1}], changes: [{at: 1, kind: drain}, {at: 1, kind: speed, value: 1}, {at: 1, kind: fail-lb}],
			random_changes: [{kind: drain, per_minute: 1, down_mean: 1}, {kind: speed, per_minute: 1, low: 1, high: 1}, {kind: cpus, count: 1, at: 1, high: 1}],
			workload: {arrivals: {rate: 3}, classes: [{name: a, share: 1, stages: [{resource: cpu, law: exponential, mean: 1}]}]}}`,
		"study": `{name: a, training_seeds: 1-2, evaluation_seeds: 1-2, heuristics: [sed], methods: [{name: m, recipe: r.yaml, family: f}],
			scenarios: [{name: s, scenario: for-loop}], bars: [{scenario: s, at_most: 1, of: sed}]}`,
	}
	load := func(kind string, overrides ...string) error {
		text := []byte(files[kind])
		switch kind {
		case "hyperparameters":
			h := train.DefaultHyperparameters()
			return settings.Load("f.yaml", text, overrides, &h)
		case "lb":
			c := plane.Default()
			return settings.Load("f.yaml", text, overrides, &c)
		case "scenario":
			s := scenario.Default()
			return settings.Load("f.yaml", text, overrides, &s)
		}
		s := study.Default()
		return settings.Load("f.yaml", text, overrides, &s)
	}
	for _, kind := range schema.Names() {
		require.NoError(t, load(kind), kind)
		text, err := schema.Get(kind)
		require.NoError(t, err)
		var top map[string]any
		require.NoError(t, json.Unmarshal(text, &top))
		list := constraints(top, "")
		require.Greater(t, len(list), 5, kind)
		for _, c := range list {
			for k := range 3 {
				path := strings.ReplaceAll(c.path, "[]", fmt.Sprintf("[%d]", k))
				err := load(kind, path+"="+c.value)
				var faults settings.Errors
				require.ErrorAs(t, err, &faults, "%s: %s=%s", kind, path, c.value)
				refused := slices.ContainsFunc(faults, func(e settings.Error) bool { return e.Path == path })
				require.True(t, refused || k > 0 && strings.Contains(err.Error(), "index out of range"), "%s: %s=%s: %v", kind, path, c.value, err)
			}
		}
	}
}

// noted is a struct whose source stands in noted.go of TestComments.
type noted struct {
	Low  float64 `yaml:"low"`
	High float64 `yaml:"high"`
	CPUs int     `yaml:"cpus"`
	Bare int     `yaml:"bare"`
	Kind kind    `yaml:"kind"`
}

type kind string

// TestComments: what is said of a field is its comment, above or behind it, or
// that above it which names it, with the names that a file has.
func TestComments(t *testing.T) {
	t.Parallel()
	c := newComments(fstest.MapFS{
		"cmd/schema/noted.go": {Data: []byte(`package main

type noted struct {
	// Low and High bound what
	// CPUs do.
	Low  float64
	High float64
	CPUs int // how many, from Low on
	Bare int
	Kind kind
}

const (
	one kind = "1" // the first
	two kind = "2"
	other = "3"
)
`)},
		"cmd/schema/noted_test.go": {Data: []byte("not Go")},
	})
	of := reflect.TypeFor[noted]()
	for name, want := range map[string]string{
		"Low": "low and high bound what CPUs do.", "High": "low and high bound what CPUs do.",
		"CPUs": "how many, from low on", "Bare": "", "Kind": "",
	} {
		got, err := c.Field(of, name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	values, err := c.Values(reflect.TypeFor[kind]())
	require.NoError(t, err)
	require.Equal(t, []settings.Choice{{Value: "1", Meaning: "the first"}, {Value: "2"}}, values)

	_, err = settings.Schema("t", noted{}, c)
	require.EqualError(t, err, "settings: schema: bare: has neither a doc tag nor a comment\nsettings: schema: kind: has neither a doc tag nor a comment")
}
