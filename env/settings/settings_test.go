package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// level is a type that reads and writes itself as text.
type level int

func (l level) MarshalText() ([]byte, error) { return []byte([]string{"low", "high"}[l]), nil }

func (l *level) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*l = 0
	case "high":
		*l = 1
	default:
		return errors.New("must be low or high")
	}
	return nil
}

type server struct {
	CPUs  int     `yaml:"cpus"`
	Speed float64 `yaml:"speed"`
}

type arrivals struct {
	Rate  float64 `yaml:"rate" doc:"requests/s"`
	Trace string  `yaml:"trace"`
}

type shared struct {
	Seed uint64 `yaml:"seed"`
}

type class struct {
	Share  float64  `yaml:"share"`
	Stages []string `yaml:"stages"`
}

// scenario has every kind of field that a settings file may have.
type scenario struct {
	Name     string           `yaml:"name" doc:"shown in tables"`
	Shared   shared           `yaml:",inline"`
	Arrivals arrivals         `yaml:"arrivals" doc:"what comes in"`
	Servers  []server         `yaml:"servers"`
	Classes  map[string]class `yaml:"classes"`
	Limits   map[string]int   `yaml:"limits"`
	Periods  []float64        `yaml:"periods"`
	Matrix   [][]int8         `yaml:"matrix"`
	Groups   [][]server       `yaml:"groups"`
	Bounds   [2]float32       `yaml:"bounds"`
	Backlog  *int             `yaml:"backlog"`
	Extra    *server          `yaml:"extra"`
	Note     *string          `yaml:"note,omitempty"`
	Level    level            `yaml:"level"`
	Small    uint8            `yaml:"small"`
	Debug    bool
}

func defaults() scenario {
	return scenario{
		Name:     "default",
		Arrivals: arrivals{Rate: 10},
		Servers:  []server{{CPUs: 1, Speed: 1}, {CPUs: 2, Speed: 1}},
		Limits:   map[string]int{"queue": 64},
		Bounds:   [2]float32{0, 1},
		Extra:    &server{CPUs: 8, Speed: 1},
	}
}

func (s *scenario) Rules(r *Rules) {
	r.Check("arrivals.rate", s.Arrivals.Rate, Positive())
	Each(r, "servers", s.Servers, func(r *Rules, _ int, v *server) {
		r.Check("cpus", v.CPUs, AtLeast(1).Saying("must be at least 1"))
	})
	r.Check("backlog", s.Backlog, NotNegative())
}

func load(t *testing.T, text string, overrides ...string) scenario {
	t.Helper()
	s := defaults()
	require.NoError(t, Load("scn.yaml", []byte(text), overrides, &s))
	return s
}

func TestLoadEmptyKeepsDefaults(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "---\n", "{}\n", "arrivals:\n", "\uFEFF"} {
		require.Equal(t, defaults(), load(t, text), "%q", text)
	}
}

func TestLoadMergesStructsAndReplacesLists(t *testing.T) {
	t.Parallel()
	s := load(t, `
name: "two words"   # a comment
seed: 18446744073709551615
arrivals: {rate: 1e3}
servers:
- cpus: 4
- {cpus: 10, speed: 2.5e-1}
classes:
  wiki: {share: .44, stages: [cpu, io]}
limits: {workers: 1e6}
periods: [1, -2.5, +3., .inf]
matrix: [[1, -2], []]
bounds: [-1, 1]
backlog: 0
extra:
  speed: 2
note: ~
level: high
small: -0
debug: true
`)
	want := defaults()
	want.Name = "two words"
	want.Shared.Seed = math.MaxUint64
	want.Arrivals.Rate = 1000
	want.Servers = []server{{CPUs: 4}, {CPUs: 10, Speed: 0.25}}
	want.Classes = map[string]class{"wiki": {Share: .44, Stages: []string{"cpu", "io"}}}
	want.Limits = map[string]int{"workers": 1000000}
	want.Periods = []float64{1, -2.5, 3, math.Inf(1)}
	want.Matrix = [][]int8{{1, -2}, {}}
	want.Bounds = [2]float32{-1, 1}
	want.Backlog = new(int)
	want.Extra = &server{CPUs: 8, Speed: 2}
	want.Level = 1
	want.Debug = true
	require.Equal(t, want, s)
}

func TestLoadLeavesSharedDefaultsWhole(t *testing.T) {
	t.Parallel()
	base := defaults()
	s := base
	require.NoError(t, Load("f", []byte("extra: {cpus: 1}\nlimits: {a: 1}\n"),
		[]string{"servers[0].cpus=7", "limits.queue=3", "extra.speed=9"}, &s))
	require.Equal(t, defaults(), base)
	other := base
	require.NoError(t, Load("f", nil, []string{"limits.queue=3", "extra.speed=9"}, &other))
	require.Equal(t, defaults(), base)
	require.Equal(t, 7, s.Servers[0].CPUs)
	require.Equal(t, map[string]int{"a": 1, "queue": 3}, s.Limits)
	require.Equal(t, &server{CPUs: 1, Speed: 9}, s.Extra)
}

// TestBadFiles loads each file of testdata/bad and compares the messages with
// the file's own comment lines that start with "#! ", with the overrides in
// lines that start with "#set ".
func TestBadFiles(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			var want, overrides []string
			for line := range strings.Lines(string(data)) {
				line = strings.TrimRight(line, "\n")
				if rule, ok := strings.CutPrefix(line, "#! "); ok {
					want = append(want, rule)
				}
				if spec, ok := strings.CutPrefix(line, "#set "); ok {
					overrides = append(overrides, spec)
				}
			}
			s := defaults()
			err = Load("bad.yaml", data, overrides, &s)
			var faults Errors
			require.ErrorAs(t, err, &faults)
			require.True(t, IsFault(fmt.Errorf("wrapped: %w", err)))
			require.Equal(t, strings.Join(want, "\n"), err.Error())
			require.Len(t, faults, len(want))
		})
	}
}

func TestTextFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"not UTF-8", "name: a\nname: \xff\n", "f.yaml:2:7: not UTF-8 text"},
		{"control", "name: \x00\n", "f.yaml:1:7: control character U+0000"},
		{"size", strings.Repeat("#\n", maxBytes/2+1), "f.yaml: larger than 1048576 bytes"},
		{"flow depth", "periods: " + strings.Repeat("[", 100000), "f.yaml:1:42: nested too deeply"},
		{"block depth", "periods:\n" + strings.Repeat("- ", 100000), "f.yaml:2:257: nested too deeply"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := defaults()
			require.EqualError(t, Load("f.yaml", []byte(tt.text), nil, &s), tt.want)
		})
	}
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	seven := 7
	for _, tt := range []struct {
		specs []string
		want  func(*scenario)
	}{
		{[]string{"name=123"}, func(s *scenario) { s.Name = "123" }},
		{[]string{"name="}, func(s *scenario) { s.Name = "" }},
		{[]string{"name='a b'"}, func(s *scenario) { s.Name = "a b" }},
		{[]string{"arrivals.trace=/a b/*x: [y.tsv"}, func(s *scenario) { s.Arrivals.Trace = "/a b/*x: [y.tsv" }},
		{[]string{"arrivals.trace=a=b"}, func(s *scenario) { s.Arrivals.Trace = "a=b" }},
		{[]string{"arrivals.rate=1e-3", "arrivals.rate=5"}, func(s *scenario) { s.Arrivals.Rate = 5 }},
		{[]string{"arrivals={rate: 4, trace: x}"}, func(s *scenario) { s.Arrivals = arrivals{4, "x"} }},
		{[]string{"seed=3"}, func(s *scenario) { s.Shared.Seed = 3 }},
		{[]string{"servers[1].cpus=9"}, func(s *scenario) { s.Servers[1].CPUs = 9 }},
		{[]string{"servers=[{cpus: 3}]", "servers[0].speed=2"}, func(s *scenario) { s.Servers = []server{{3, 2}} }},
		{[]string{"classes.wiki.share=0.5"}, func(s *scenario) { s.Classes = map[string]class{"wiki": {Share: 0.5}} }},
		{[]string{"limits.new=5"}, func(s *scenario) { s.Limits = map[string]int{"queue": 64, "new": 5} }},
		{[]string{"matrix=[[1],[2]]", "matrix[1][0]=3"}, func(s *scenario) { s.Matrix = [][]int8{{1}, {3}} }},
		{[]string{"bounds[0]=-2"}, func(s *scenario) { s.Bounds[0] = -2 }},
		{[]string{"backlog=7"}, func(s *scenario) { s.Backlog = &seven }},
		{[]string{"extra.cpus=3"}, func(s *scenario) { s.Extra = &server{3, 1} }},
		{[]string{"extra=null"}, func(s *scenario) { s.Extra = nil }},
		{[]string{"note=null"}, func(*scenario) {}},
		{[]string{"level=high"}, func(s *scenario) { s.Level = 1 }},
		{[]string{"debug=true"}, func(s *scenario) { s.Debug = true }},
	} {
		t.Run(strings.Join(tt.specs, " "), func(t *testing.T) {
			t.Parallel()
			want := defaults()
			tt.want(&want)
			require.Equal(t, want, load(t, "", tt.specs...))
		})
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	_, err := ReadFile("testdata/none.yaml")
	require.EqualError(t, err, "testdata/none.yaml: no such file")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.True(t, IsFault(err))

	_, err = ReadFile("testdata")
	require.EqualError(t, err, "testdata: is a directory")

	data, err := ReadFile("testdata/bad/unknown-field.yaml")
	require.NoError(t, err)
	require.Contains(t, string(data), "sac")

	big := filepath.Join(t.TempDir(), "big.yaml")
	require.NoError(t, os.WriteFile(big, make([]byte, 2*maxBytes), 0o600))
	data, err = ReadFile(big)
	require.NoError(t, err)
	s := defaults()
	require.EqualError(t, Load("big.yaml", data, nil, &s), "big.yaml: larger than 1048576 bytes")
}

func TestMarshalGolden(t *testing.T) {
	t.Parallel()
	s := defaults()
	s.Arrivals.Rate = 796.315
	s.Classes = map[string]class{"wiki": {0.44, []string{"cpu", "no"}}, "static": {Share: 1e-9}}
	s.Groups = [][]server{{{1, 1}, {2, 1}}, nil, {}}
	s.Periods = []float64{1e20, 0.25, math.Inf(-1)}
	got, err := Marshal(&s)
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/marshal.yaml")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
	require.Equal(t, s, load(t, string(got)))
}

func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value any
		want  string
	}{
		{3, "settings: cannot marshal int: must be a struct"},
		{(*scenario)(nil), "settings: cannot marshal *settings.scenario: must be a struct"},
		{nil, "settings: cannot marshal <nil>: must be a struct"},
		{struct{ A []func() }{A: []func(){nil}}, "settings: a[0]: unsupported Go type func()"},
		{struct{ A string }{"\xff"}, `settings: a: "\xff" is not UTF-8`},
	} {
		_, err := Marshal(tt.value)
		require.EqualError(t, err, tt.want)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	type ab struct {
		A int `doc:"first"`
		B float64
	}
	type ba struct {
		B float64
		A int
	}
	hash := func(v any) string {
		h, err := Hash(v)
		require.NoError(t, err)
		return h
	}
	// printf 'a: 1\nb: 2.5\n' | sha256sum
	require.Equal(t, "65e39308c876659d9fb157e59835aac923e911c14741ba8596b8da0f07b525bb", hash(ab{1, 2.5}))
	require.Equal(t, hash(ab{1, 2.5}), hash(&ba{2.5, 1}))
	require.NotEqual(t, hash(ab{1, 2.5}), hash(ab{1, 2.25}))
	_, err := Hash(3)
	require.Error(t, err)
}

// TestRoundTrip checks Load(Marshal(v)) == v for random settings, over the
// defaults.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(
		rapid.String().Filter(func(s string) bool { return !strings.ContainsRune(s, '\uFFFD') }),
		rapid.SampledFrom([]string{"", "null", "~", "true", "no", "1e3", "0x1", "-", "- a", "a: b", "#x", " x ", "a\nb", "1:2",
			"2001-01-01", "<<", "*a", "&a", "!t", "{", "]", "'", `"`, "\\", "\t", "\r\n", "é", "\U0001F600", "\u0085", "\u2028", "=", "%", "@", "`", "...", "---"}),
	)
	servers := rapid.SliceOf(rapid.Custom(func(t *rapid.T) server {
		return server{rapid.IntRange(1, math.MaxInt).Draw(t, "cpus"), rapid.Float64().Draw(t, "speed")}
	}))
	rapid.Check(t, func(t *rapid.T) {
		want := scenario{
			Name:     text.Draw(t, "name"),
			Shared:   shared{rapid.Uint64().Draw(t, "seed")},
			Arrivals: arrivals{rapid.Float64Min(1e-300).Draw(t, "rate"), text.Draw(t, "trace")},
			Servers:  servers.Draw(t, "servers"),
			Limits:   rapid.MapOfN(text, rapid.Int(), 0, 4).Draw(t, "limits"),
			Periods:  rapid.SliceOf(rapid.Float64()).Draw(t, "periods"),
			Matrix:   rapid.SliceOfN(rapid.SliceOfN(rapid.Int8(), 0, 3), 0, 3).Draw(t, "matrix"),
			Groups:   rapid.SliceOfN(servers, 0, 3).Draw(t, "groups"),
			Bounds:   [2]float32{rapid.Float32().Draw(t, "low"), rapid.Float32().Draw(t, "high")},
			Backlog:  rapid.Ptr(rapid.IntMin(0), true).Draw(t, "backlog"),
			Note:     rapid.Ptr(text, true).Draw(t, "note"),
			Level:    level(rapid.IntRange(0, 1).Draw(t, "level")),
			Small:    rapid.Uint8().Draw(t, "small"),
			Debug:    rapid.Bool().Draw(t, "debug"),
			Classes: rapid.MapOfN(text, rapid.Custom(func(t *rapid.T) class {
				return class{rapid.Float64().Draw(t, "share"), rapid.SliceOfN(text, 0, 3).Draw(t, "stages")}
			}), 0, 3).Draw(t, "classes"),
		}
		if math.IsInf(want.Arrivals.Rate, 0) {
			want.Arrivals.Rate = 1
		}
		data, err := Marshal(&want)
		if err != nil {
			t.Fatal(err)
		}
		got := defaults()
		if err := Load("f", data, nil, &got); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s", diff, data)
		}
	})
}

// FuzzLoad: no input panics, and what loads survives a round trip.
func FuzzLoad(f *testing.F) {
	paths, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(f, err)
	for _, path := range append(paths, "testdata/marshal.yaml") {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(data), "servers[0].cpus=4")
	}
	f.Add("name: |\n  a\n b", "classes.wiki={share: 1}")
	f.Fuzz(func(t *testing.T, text, spec string) {
		s := defaults()
		if err := Load("f", []byte(text), []string{spec}, &s); err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				require.NotEmpty(t, line)
			}
			require.True(t, IsFault(err))
			return
		}
		data, err := Marshal(&s)
		require.NoError(t, err)
		again := defaults()
		require.NoError(t, Load("f", data, nil, &again), "%s", data)
		require.Empty(t, cmp.Diff(s, again, cmpopts.EquateNaNs()))
	})
}
