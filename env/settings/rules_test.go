package settings

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRules: what each rule takes, what it refuses, and in which words.
func TestRules(t *testing.T) {
	t.Parallel()
	type named string
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		rule     Rule
		sentence string
		takes    []any
		refuses  []any
	}{
		{Positive(), "must be positive and finite", []any{1e-300, 3}, []any{0., -1., inf, nan, 0}},
		{NotNegative(), "must be finite and not negative", []any{0., 1e300}, []any{-1e-300, inf, nan}},
		{NotNegative(), "must not be negative", []any{0, uint(3)}, []any{-1}},
		{AtLeast(1), "must be finite and at least 1", []any{1., 2}, []any{0.5, inf, nan}},
		{AtMost(100), "must be at most 100", []any{100., -inf}, []any{100.5, nan, 101}},
		{Closed(1, 1_000_000_000), "must be in [1, 1000000000]", []any{1, 1_000_000_000}, []any{0, 1_000_000_001, nan}},
		{Open(0, 1), "must be in (0, 1)", []any{0.5}, []any{0., 1., nan}},
		{OpenClosed(0, 0.5), "must be in (0, 0.5]", []any{0.5}, []any{0., 0.6, nan}},
		{ClosedOpen(0, 1), "must be in [0, 1)", []any{0.}, []any{1., -0.1, nan}},
		{OneOf[named]("a"), "must be a", []any{"a", named("a")}, []any{"", "b"}},
		{OneOf("a", "b"), "must be a or b", []any{"b"}, []any{"x"}},
		{OneOf("a", "b", "c"), "must be a, b or c", []any{"c"}, []any{named("d")}},
		{OneOf("a").Accepting(func(s string) bool { return s == "A" }), "must be a", []any{"a", "A"}, []any{"b"}},
		{NotEmpty(), "must not be empty", []any{" "}, []any{""}},
		{NotEmpty().Saying("must be a file"), "must be a file", []any{"x"}, []any{""}},
		{Elements(0), "must be at least one", []any{[]int{1}}, []any{[]int(nil)}},
		{Elements(2), "must be 1 to 2", []any{[]int{1, 2}}, []any{[]int{}, []int{1, 2, 3}}},
		{Rising(), "must be at least two finite values in rising order", []any{[]float64{-1, 0}}, []any{[]float64{1}, []float64{1, 1}, []float64{0, nan}, []float64{0, inf}}},
	} {
		faults := func(v any) (list []string) {
			judge(one{v, test.rule}, func(path string, _ any, sentence string) { list = append(list, path+": "+sentence) })
			return list
		}
		for _, v := range test.takes {
			require.Empty(t, faults(v), "%v", v)
		}
		for _, v := range test.refuses {
			require.Equal(t, []string{"x: " + test.sentence}, faults(v), "%v", v)
		}
	}
	for _, wrong := range []one{{"text", Positive()}, {3, OneOf("3")}, {3, Rising()}} {
		require.Panics(t, func() { judge(wrong, func(string, any, string) {}) })
	}
}

// one is a struct of one field, x, with one rule.
type one struct {
	value any
	rule  Rule
}

func (o one) Rules(r *Rules) { r.Check("x", o.value, o.rule) }

// ruled has rules of every kind.
type ruled struct {
	A     int     `yaml:"a"`
	B     float64 `yaml:"b"`
	Names []string
	Part  part `yaml:"part"`
	Opt   *int `yaml:"opt"`
}

type part struct {
	X float64 `yaml:"x"`
}

func (p *part) Rules(r *Rules) { r.Check("x", p.X, Positive()) }

func (s *ruled) Rules(r *Rules) {
	r.Check("a", s.A, Closed(1, 3))
	r.Check("a", s.A, AtMost(2))
	r.Require(s.A != 7, "a", nil, "must not be seven")
	r.When(s.A == 2).Check("b", s.B, Positive())
	r.When(s.A == 2).When(s.B < 0).Report("b", s.B, "is reported")
	r.Check("names", s.Names, Elements(1).Showing("some"))
	r.Check("opt", s.Opt, Positive())
	r.Fields(s)
}

// TestFaults: of a value's Rules the first that is broken is reported, with
// every relation; rules under a condition are kept where it holds.
func TestFaults(t *testing.T) {
	t.Parallel()
	kind, three, zero := errors.New("kind"), 3, 0
	good := ruled{A: 1, B: -1, Names: []string{"n"}, Part: part{1}, Opt: &three}
	require.NoError(t, Faults(kind, &good))
	for want, change := range map[string]func(s *ruled){
		"kind: a = 4: must be in [1, 3]":                                       func(s *ruled) { s.A = 4 },
		"kind: a = 3: must be at most 2":                                       func(s *ruled) { s.A = 3 },
		"kind: a = 7: must be in [1, 3]\nkind: a = <nil>: must not be seven":   func(s *ruled) { s.A = 7 },
		"kind: b = -1: must be positive and finite\nkind: b = -1: is reported": func(s *ruled) { s.A = 2 },
		`kind: names = "some": must be 1 to 1`:                                 func(s *ruled) { s.Names = nil },
		"kind: part.x = 0: must be positive and finite":                        func(s *ruled) { s.Part.X = 0 },
	} {
		s := good
		change(&s)
		err := Faults(kind, &s)
		require.ErrorIs(t, err, kind)
		require.EqualError(t, err, want)
	}
	good.Opt = &zero
	require.ErrorContains(t, Faults(kind, &good), "must be positive and finite")
	good.Opt = nil
	require.NoError(t, Faults(kind, &good))
}
