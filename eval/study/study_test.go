package study

import (
	_ "embed"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

//go:embed testdata/small.yaml
var studyFile string

func TestLoad(t *testing.T) {
	t.Parallel()
	s, err := Load("s.yaml", []byte(studyFile))
	require.NoError(t, err)
	require.Equal(t, 300.0, s.Duration, "the default")
	require.Equal(t, []string{"paper", "own"}, s.Families())
	for _, test := range []struct{ old, new, want string }{
		{"name: small", "name: ''", `s.yaml:1:7: name = "": must not be empty`},
		{"1-2", "2-1", `s.yaml:2:17: training_seeds = "2-1": must list seeds, such as 1-5,9`},
		{"1000-1002", "x", `s.yaml:3:19: evaluation_seeds = "x": must list seeds`},
		{"wcmp, sed, tuned", "wcmp", `s.yaml:4:13: heuristics = [wcmp]: must have sed among them`},
		{"wcmp, sed", "wcmp, wcmp, sed", `heuristics[1] = "wcmp": must not come twice`},
		{"name: a, recipe: a.yaml", "name: sed, recipe: a.yaml", `methods[0].name = "sed": must be a name that no heuristic has`},
		{"name: b", "name: a", `methods[1].name = "a": must not come twice`},
		{"family: own", "family: ''", `methods[2].family = "": must not be empty`},
		{"name: two", "name: one", `scenarios[1].name = "one": must not come twice`},
		{"name: two", "name: a/b", `scenarios[1].name = "a/b": must be a name without slashes and spaces`},
		{"scenario: sim-moderate/75-25", "scenario: sim-moderate/75-25, train_set: ['scenario.lbs=2']", `scenarios[1].train_set[0] = "scenario.lbs=2": must not change the scenario`},
		{"scenario: one, at_most: 0.9", "scenario: three, at_most: 0.9", `bars[0].scenario = "three": must be the name of a scenario of the study`},
		{"at_most: 0.9", "at_most: -1", `bars[0].at_most = -1: must be positive and finite`},
		{"of: tuned", "of: lsq", `bars[1].of = "lsq": must be one of the study's heuristics`},
		{"family: own", "familly: own", `familly`},
	} {
		_, err := Load("s.yaml", []byte(strings.Replace(studyFile, test.old, test.new, 1)))
		require.ErrorContains(t, err, test.want)
	}
}

// result is one of three seeds.
func result(p99 float64, seeds ...float64) eval.Result {
	f := eval.Figures{Class: eval.AllClasses, N: 100, Failed: 1, P50: 0.5, P90: 2, P99: p99, PerSeed: seeds}
	for _, x := range seeds {
		f.Mean += x / float64(len(seeds))
	}
	return eval.Result{Classes: eval.Classes{f}}
}

// TestOneWorkload: seeds that had the same arrivals make no interval; runs do.
func TestOneWorkload(t *testing.T) {
	t.Parallel()
	s, err := Load("s.yaml", []byte(studyFile))
	require.NoError(t, err)
	same := func(p99 float64, seeds ...float64) eval.Result {
		r := result(p99, seeds...)
		r.SetOneWorkload()
		return r
	}
	r := &Report{Study: s, EvaluationSeeds: []uint64{1, 2, 3}}
	require.NoError(t, r.Add(s.Scenarios[0], RunsByTarget{
		"sed": {{Result: same(4, 2, 1, 3)}}, "tuned": {{Result: same(3, 1.8, 1, 2.6)}},
		"a": {{1, same(4.1, 1.6, 1, 2.5)}, {2, same(4.1, 1.8, 1, 2.6)}},
	}))
	tuned, a := r.Scenarios[0].Target("tuned"), r.Scenarios[0].Target("a")
	require.False(t, tuned.Ratios["sed"].Known)
	require.Nil(t, tuned.Interval)
	require.True(t, tuned.OneWorkload)
	require.InDelta(t, 0.875-12.7062*0.0353553/1.414214, a.Ratios["sed"].Lo, 1e-4)
	overall, ok := r.Overall("tuned")
	require.True(t, ok)
	require.False(t, overall.Known)
}

func reported(t *testing.T) *Report {
	t.Helper()
	s, err := Load("s.yaml", []byte(studyFile))
	require.NoError(t, err)
	r := &Report{Study: s, Name: s.Name, Command: "fairlb study s.yaml", TrainingSeeds: []uint64{1, 2}, EvaluationSeeds: []uint64{1000, 1001, 1002}, Duration: s.Duration}
	require.NoError(t, r.Add(s.Scenarios[0], RunsByTarget{
		"wcmp":  {{Result: result(9, 4, 4, 4)}},
		"sed":   {{Result: result(4, 2, 1, 3)}},
		"tuned": {{Result: result(3, 1.8, 1, 2.6)}},
		"a":     {{1, result(4.1, 1.6, 1, 2.5)}, {2, result(4.1, 1.8, 1, 2.6)}},
		"b":     {{1, result(3, 1.9, 1.1, 3)}},
		"c":     {{1, result(4.3, 5, 5, 5)}, {2, result(4.3, 4, 4, 4)}},
	}))
	require.NoError(t, r.Add(s.Scenarios[1], RunsByTarget{"sed": {{Result: result(4, 2, 1, 3)}}}))
	r.Judge()
	return r
}

// TestReport: ratios and verdicts by hand.
func TestReport(t *testing.T) {
	t.Parallel()
	r := reported(t)
	rows := map[string]TargetOutcome{}
	for _, row := range r.Scenarios[0].Targets {
		rows[row.Target] = row
	}
	require.Len(t, rows, 6)
	a := rows["a"]
	require.Equal(t, 2, a.Runs)
	require.InDelta(t, 1.75, a.Mean, 1e-12)
	require.InDelta(t, 0.070711, a.SD, 1e-6)
	require.InDelta(t, 0.01, a.Failed, 1e-12)
	require.InDelta(t, 0.875, a.Ratios["sed"].Value, 1e-12)
	// t(1) = 12.7062 times the standard deviation over runs, 0.0353553, by sqrt 2; and
	// t(2) = 4.3027 times that over seeds of the residuals from 0.875 times SED's, which
	// are -0.025, 0.0625 and -0.0375 of SED's mean, by sqrt 3.
	half := math.Hypot(12.7062*0.0353553/1.414214, 4.3027*0.0544862/1.7320508)
	require.InDelta(t, 0.875-half, a.Ratios["sed"].Lo, 1e-4)
	require.NotNil(t, a.Interval)
	require.Zero(t, rows["sed"].Runs)
	require.NotContains(t, rows["sed"].Ratios, "sed")
	// Paired by seed: residuals 0, 0.05, -0.05 of SED's mean; t(2) = 4.3027.
	tuned := rows["tuned"].Ratios["sed"]
	require.InDelta(t, 0.9, tuned.Value, 1e-12)
	require.InDelta(t, 0.9+4.3027*0.05/1.7320508, tuned.Hi, 1e-4)

	type verdict struct {
		rule, family, method string
		met, sure, common    bool
	}
	var got []verdict
	for _, v := range r.Verdicts {
		got = append(got, verdict{v.Rule, v.Family, v.Method, v.Met, v.Significant(), v.Common})
	}
	require.Equal(t, []verdict{
		{"mean at most 0.900 x sed", "paper", "a", true, false, false},
		{"mean at most 1.000 x tuned", "paper", "a", true, false, false},
		{"mean below wcmp", "paper", "a", true, true, true},
		{"p99 at most 1.05 x sed", "paper", "a", true, false, true},
		{"mean at most 0.900 x sed", "own", "c", false, false, false},
		{"mean at most 1.000 x tuned", "own", "c", false, false, false},
		{"mean below wcmp", "own", "c", false, false, true},
		{"p99 at most 1.05 x sed", "own", "c", false, false, true},
	}, got)
}
