package webfit

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/fit"
)

// TestByClass by hand: failures are counted and left out of the times.
func TestByClass(t *testing.T) {
	t.Parallel()
	r := &byClass{completed: make([][]float64, 2), failed: make([]int, 2)}
	for k := range 100 {
		r.Record(env.Outcome{Class: 1, Completion: float64(100 - k)})
	}
	r.Record(env.Outcome{Class: 1, Completion: 40, Failed: true})
	require.Equal(t, fit.Statistics{Mean: 50.5, P95: 95, P99: 99, Failed: 1. / 101}, r.figures(1))
	require.Equal(t, 1., r.figures(0).Failed)
}

// TestModels: every number of every model has its place in the scenarios that it is
// of, and in no other; a scenario stays one that can be simulated, at the bounds too.
func TestModels(t *testing.T) {
	t.Parallel()
	hours := model{name: "hours", free: hourNumbers(moderateHours())}
	for _, m := range slices.Concat([]model{twin(), hours, former()}, otherModels()) {
		for _, name := range []string{"web-moderate/period-2", "web-large/rate-1097"} {
			apply := func(values []float64) scenario.Scenario {
				s, err := scenario.Load(name, nil)
				require.NoError(t, err)
				m.apply(&s, name, values)
				require.NoError(t, settings.Faults(errors.New("scenario"), &s), "%s at %v", m.name, values)
				return s
			}
			var low, high []float64
			for _, x := range m.free {
				low, high = append(low, x.Low), append(high, x.High)
			}
			apply(high)
			base := apply(low)
			for k, x := range m.free {
				moved := slices.Clone(low)
				moved[k] = high[k]
				s := apply(moved)
				of := x.Scenario == "" || x.Scenario == name
				require.Equal(t, of, settingsText(t, &s) != settingsText(t, &base), "%s: %s of %q in %s", m.name, x.Name, x.Scenario, name)
			}
		}
	}
}

func settingsText(t *testing.T, s *scenario.Scenario) string {
	text, err := settings.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

// TestHours: the printed rates are those of the tables' columns.
func TestHours(t *testing.T) {
	t.Parallel()
	for _, hour := range slices.Concat(moderateHours(), largeHours()) {
		_, err := scenario.Load(hour.scenario, nil)
		require.NoError(t, err)
	}
	cells, err := fit.Cells([]int{11, 13}, complete)
	require.NoError(t, err)
	for k := range cells {
		is := func(x printedRate) bool { return x.scenario == cells[k].Simulation.Scenario }
		require.True(t, slices.ContainsFunc(slices.Concat(moderateHours(), largeHours()), is))
	}
}

// TestRoles: one rate is held out, four rates are overload.
func TestRoles(t *testing.T) {
	t.Parallel()
	cells, err := fit.Cells([]int{11, 12, 14}, complete)
	require.NoError(t, err)
	columns := map[fit.Role][]string{}
	for _, c := range cells {
		if c.Table == 14 && !slices.Contains(columns[c.Role], c.Column) {
			columns[c.Role] = append(columns[c.Role], c.Column)
		}
		require.True(t, c.Table == 14 || c.Role == fit.Fitted)
		require.Equal(t, c.Table == 14, c.Even)
	}
	require.Equal(t, []string{"2377.484", "2560.368", "2743.251", "2926.135"}, columns[fit.Overload])
	require.Equal(t, []string{"1097.3"}, columns[fit.HeldOut])
}

// TestFitRecovers: from cells that the simulator made with other values, the
// search finds these values.
func TestFitRecovers(t *testing.T) {
	t.Parallel()
	x := &Fit{Seeds: 1, Log: logrus.New(), Progress: progress.None{}}
	names := []string{"wiki.cpu.mean", "static.cpu.mean"}
	short := func(s *scenario.Scenario) { s.Duration = 10 }
	var free []number
	for _, n := range pageNumbers() {
		if slices.Contains(names, n.Name) {
			free = append(free, n)
		}
	}
	run := fit.Simulation{Scenario: "web-moderate/period-2", Method: "sed"}
	p := x.problem(model{free: free, change: short}, nil)
	figures, err := p.Measure(context.Background(), []float64{0.03, 0.0015}, run, fitSeed(0))
	require.NoError(t, err)
	for _, class := range []string{"wiki", "static"} {
		p.Cells = append(p.Cells, fit.Cell{Simulation: run, Class: class, Mean: figures[class].Mean, ModelError: rateError})
	}
	p.Seeds = func(fit.Simulation) []uint64 { return []uint64{fitSeed(0)} }
	found, err := p.Minimise(context.Background(), fit.Search{Starts: 1, Iterations: 8})
	require.NoError(t, err)
	require.InDelta(t, 0.03, found[0].Values[0], 0.001)
	require.InDelta(t, 0.0015, found[0].Values[1], 0.0002)
}

// TestPrint: every table of what was found says what it is of.
func TestPrint(t *testing.T) {
	t.Parallel()
	f := &Found{Fitted: Fitted{free: slices.Concat(pageNumbers(), hourNumbers(moderateHours()))}}
	f.Ends = []fit.Point{{Values: make([]float64, len(pageNumbers())), Objective: 1.5}}
	for range f.Fitted.free {
		f.Fitted.Values = append(f.Fitted.Values, 0.5)
		f.Fitted.Intervals = append(f.Fitted.Intervals, fit.Interval{Low: 0.25, High: 0.75})
	}
	cell := fit.Residual{Cell: fit.Cell{Table: 14, Row: "SED", Column: "731.534", Mean: 0.05, SD: 0.01}, Ours: 0.06, Log: 0.18, Z: 2}
	left := cell
	left.Column, left.Role = "2926.135", fit.Overload
	f.Before, f.After = []fit.Residual{cell, left}, []fit.Residual{cell, left}
	f.Models = []Ablation{{"the twin", pageNumbers()[:1], []float64{0.125}, []fit.Residual{cell}}}
	f.Overload = []Ablation{{Model: "with retries", Residuals: []fit.Residual{left}}}
	f.ByBackgroundJobs, f.BackgroundResidual = [][]fit.Residual{{cell}}, []fit.Residual{cell}
	var out strings.Builder
	require.NoError(t, f.Print(&out))
	for _, want := range []string{"thread gain", "[0.25, 0.75]", "web-moderate/period-4", "Table 14 up to 2195/s", "0.180", "with retries", "0.060 / 0.050", "thread gain 0.125"} {
		require.Contains(t, out.String(), want)
	}
}

// TestConsider: of candidates the one of the least objective is taken, wherever it
// stands, with its numbers.
func TestConsider(t *testing.T) {
	t.Parallel()
	f := &Found{}
	for _, objective := range []float64{3, 2, 4} {
		f.consider(Candidate{Objective: objective}, Fitted{Values: []float64{objective}})
	}
	require.Equal(t, 1, f.Taken)
	require.Equal(t, []float64{2}, f.Fitted.Values)
	require.Len(t, f.Candidates, 3)
}

// TestBuiltinsAreWhatWasFitted: the web scenarios have the numbers that the recorded
// fit ended with (results/fit).
func TestBuiltinsAreWhatWasFitted(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../../../results/fit/web-mix.txt")
	require.NoError(t, err)
	free := slices.Concat(pageNumbers(), hourNumbers(moderateHours()), hourNumbers(largeHours()))
	var values []float64
	for _, x := range free {
		row := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(x.Name) + ` +([0-9.]+) +\[`)
		if x.Scenario != "" {
			row = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(x.Scenario) + ` +` + x.Name + ` +([0-9.]+) +\[`)
		}
		found := row.FindSubmatch(data)
		require.NotNil(t, found, "%s %s", x.Scenario, x.Name)
		value, err := strconv.ParseFloat(string(found[1]), 64)
		require.NoError(t, err)
		values = append(values, value)
	}
	m := model{free: free}
	names := []string{"web-large/rate-1463", "web-large/rate-2926"}
	for _, hour := range slices.Concat(moderateHours(), largeHours()) {
		names = append(names, hour.scenario)
	}
	for _, name := range names {
		builtin, err := scenario.Load(name, nil)
		require.NoError(t, err)
		fitted := builtin
		fitted.Workload.Classes = slices.Clone(builtin.Workload.Classes)
		for k := range fitted.Workload.Classes {
			fitted.Workload.Classes[k].Stages = slices.Clone(builtin.Workload.Classes[k].Stages)
		}
		m.apply(&fitted, name, values)
		require.InDelta(t, fitted.Workload.Arrivals.Rate, builtin.Workload.Arrivals.Rate, 0.001, name)
		fitted.Workload.Arrivals.Rate = builtin.Workload.Arrivals.Rate
		for k := range fitted.Workload.Classes {
			require.InDelta(t, fitted.Workload.Classes[k].Share, builtin.Workload.Classes[k].Share, 1e-9, name)
			fitted.Workload.Classes[k].Share = builtin.Workload.Classes[k].Share
		}
		require.Equal(t, settingsText(t, &fitted), settingsText(t, &builtin), name)
	}
	jobs := regexp.MustCompile(`(?m)^with ([0-9]+), other seeds`).FindSubmatch(data)
	require.NotNil(t, jobs)
	dynamic, err := scenario.Load("web-dynamic", nil)
	require.NoError(t, err)
	require.Equal(t, string(jobs[1]), strconv.FormatFloat(dynamic.Changes[0].Value, 'g', -1, 64))
}

// TestTestbed: the web scenarios of the testbed have what is known of it, and those
// that are not of it do without.
func TestTestbed(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]bool{"web-moderate/train": true, "web-large/rate-731": true, "web-dynamic": true, "web-churn": false, "for-loop": false} {
		s, err := scenario.Load(name, nil)
		require.NoError(t, err)
		require.Equal(t, of, s.Ties == "plugin" && s.Counting == "established" && s.Refusals == "unseen", name)
		require.Equal(t, of, slices.Equal(s.SYNRetries, []float64{1, 2, 4, 8, 16}), name)
		require.True(t, s.CPU.Prefork, name)
	}
}
