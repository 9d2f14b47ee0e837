package tune_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env"
	"fairlb/env/envtest"
	_ "fairlb/env/propertytest"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/eval"
	"fairlb/eval/episodes"
	"fairlb/eval/tune"
)

// fluid is envtest.Fake with fixed weights: each step records one request,
// whose completion time is minus the reward, the sum over servers of speed
// times squared load. By the inequality of Cauchy and Schwarz it is least, 1
// over the sum of the speeds, where weights are proportional to speeds.
type fluid struct {
	*envtest.Fake
	weights []float64
	rec     env.Recorder
}

func newFluid(speeds ...float64) func([]float64, env.Recorder) (env.Env, error) {
	return func(weights []float64, rec env.Recorder) (env.Env, error) {
		return &fluid{envtest.NewFake(1, 2, speeds...), weights, rec}, nil
	}
}

func (f *fluid) Step(ctx context.Context, _ [][]float64) (env.Step, error) {
	total := 0.0
	for _, w := range f.weights {
		total += w
	}
	scaled := make([]float64, len(f.weights)) // shares, that the fake's bounds do not refuse
	for j, w := range f.weights {
		scaled[j] = 4 * w / total
	}
	step, err := f.Fake.Step(ctx, [][]float64{scaled})
	if err == nil {
		f.rec.Record(env.Outcome{Completion: -step.Reward[0]})
	}
	return step, err
}

// settings of a search over pools of the fluid.
func settings(counts []int, speeds ...float64) tune.Config {
	equal := make([]float64, len(counts))
	for g := range equal {
		equal[g] = 1
	}
	return tune.Config{
		Env: newFluid(speeds...), Counts: counts, Starts: [][]float64{equal},
		MaxLogWeight: 2, Seeds: []uint64{1}, FirstStep: 0.4, LastStep: 0.001, MaxEvaluations: 10000,
	}
}

// TestBestWeightsOfAFluid: they are proportional to the speeds, by algebra.
func TestBestWeightsOfAFluid(t *testing.T) {
	cfg := settings([]int{2, 1, 1}, 1, 1, 2.7, 0.7)
	r, err := tune.Search(t.Context(), cfg)
	require.NoError(t, err)
	require.True(t, r.Converged)
	require.InDelta(t, 2.7, r.Best.Weights[1]/r.Best.Weights[0], 0.01)
	require.InDelta(t, 0.7, r.Best.Weights[2]/r.Best.Weights[0], 0.003)
	require.InDelta(t, 1/5.4, r.Best.Mean, 1e-6)
	require.Less(t, r.Evaluations, 200)
}

// TestNeverWorseThanItsStarts, whatever the speeds, the starts and the bound;
// weights stay within the bound, and the best point is one that was evaluated.
func TestNeverWorseThanItsStarts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		speeds := rapid.SliceOfN(rapid.Float64Range(0.5, 2), 3, 3).Draw(t, "speeds")
		cfg := settings([]int{1, 2}, speeds...)
		cfg.LastStep = 0.05
		cfg.MaxLogWeight = rapid.Float64Range(0.05, 0.7).Draw(t, "bound")
		cfg.Starts = append(cfg.Starts, []float64{1, rapid.Float64Range(0.3, 3).Draw(t, "start")})
		cfg.MaxEvaluations = rapid.IntRange(2, 20).Draw(t, "evaluations")
		r, err := tune.Search(t.Context(), cfg)
		require.NoError(t, err)
		require.LessOrEqual(t, r.Evaluations, cfg.MaxEvaluations)
		log := math.Log(r.Best.Weights[1] / r.Best.Weights[0])
		require.LessOrEqual(t, math.Abs(log)*2/3, cfg.MaxLogWeight*(1+1e-6))
		for _, start := range r.Starts {
			require.LessOrEqual(t, r.Best.Mean, start.Mean)
		}
		again := cfg
		again.Starts, again.MaxEvaluations = [][]float64{r.Best.Weights}, 1
		same, err := tune.Search(t.Context(), again)
		require.NoError(t, err)
		require.Equal(t, r.Best.Mean, same.Best.Mean)
	})
}

// TestBestOfTheStarts: the search begins at the better one, and says what
// both came to.
func TestBestOfTheStarts(t *testing.T) {
	cfg := settings([]int{1, 1}, 1, 2)
	cfg.Starts = append(cfg.Starts, []float64{4, 8}, []float64{1, 3})
	cfg.MaxEvaluations = 3
	r, err := tune.Search(t.Context(), cfg)
	require.NoError(t, err)
	require.False(t, r.Converged, "nothing is left to look around")
	require.Equal(t, r.Starts[1], r.Best)
	require.Equal(t, []float64{4, 8}, r.Best.Weights, "as given")
	require.InDelta(t, 1.0/3, r.Best.Mean, 1e-12)
	require.InDelta(t, 0.25*(1+0.5), r.Starts[0].Mean, 1e-12)
}

// TestPatternMoves: moves the same way grow, so that a far optimum is no
// matter of as many evaluations as there are steps to it (111 here).
func TestPatternMoves(t *testing.T) {
	cfg := settings([]int{1, 1}, 1, 3)
	cfg.FirstStep, cfg.LastStep = 0.0099, 0.0099
	r, err := tune.Search(t.Context(), cfg)
	require.NoError(t, err)
	require.InDelta(t, 3, r.Best.Weights[1], 0.03)
	require.Less(t, r.Evaluations, 60)
}

// TestRanges: the fluid's mean at weights 1 and w is (1 + w^2 / 2) / (1 + w)^2,
// and its least 1/3, at w = 2.
func TestRanges(t *testing.T) {
	cfg := settings([]int{1, 1}, 1, 2)
	cfg.LastStep, cfg.Tolerance = 0.005, 0.02
	r, err := tune.Search(t.Context(), cfg)
	require.NoError(t, err)
	require.Len(t, r.Ranges, 2)
	require.Equal(t, tune.Range{Low: r.Best.Weights[0], High: r.Best.Weights[0]}, r.Ranges[0])
	mean := func(w float64) float64 { return 3 * (1 + w*w/2) / (1 + w) / (1 + w) }
	require.LessOrEqual(t, mean(r.Ranges[1].Low), 1.02*(1+1e-5))
	require.Greater(t, mean(r.Ranges[1].Low*math.Exp(-0.015)), 1.02)
	require.LessOrEqual(t, mean(r.Ranges[1].High), 1.02*(1+1e-5))
	require.Greater(t, mean(r.Ranges[1].High*math.Exp(0.015)), 1.02)

	cfg.Tolerance, cfg.MaxLogWeight = 1e9, 1
	r, err = tune.Search(t.Context(), cfg)
	require.NoError(t, err)
	require.InDelta(t, math.Exp(2), r.Ranges[1].High, 0.2, "the bounds end it")
}

func TestOneGroupHasNothingToSearch(t *testing.T) {
	r, err := tune.Search(t.Context(), settings([]int{3}, 1, 1, 1))
	require.NoError(t, err)
	require.Equal(t, 1, r.Evaluations)
	require.True(t, r.Converged)
}

func TestFaults(t *testing.T) {
	good := settings([]int{1, 1}, 1, 2)
	for _, test := range []struct {
		breaking func(*tune.Config)
		want     string
	}{
		{func(c *tune.Config) { c.Env = nil }, "no environment"},
		{func(c *tune.Config) { c.Counts = nil }, "no groups of servers"},
		{func(c *tune.Config) { c.Counts = []int{1, 0} }, "group 1 has 0 servers (want 1 or more)"},
		{func(c *tune.Config) { c.Starts = nil }, "no starts"},
		{func(c *tune.Config) { c.Starts = [][]float64{{1}} }, "start 0 has 1 weights for 2 groups"},
		{func(c *tune.Config) { c.Starts = [][]float64{{1, math.NaN()}} }, "start 0: the weight of group 1 is NaN (want positive and finite)"},
		{func(c *tune.Config) { c.MaxLogWeight = 0 }, "max log-weight 0 (want above 0, at most 20)"},
		{func(c *tune.Config) { c.Seeds = nil }, "no seeds"},
		{func(c *tune.Config) { c.LastStep = 1 }, "steps from 0.4 to 1 (want falling, positive and finite)"},
		{func(c *tune.Config) { c.Tolerance = -1 }, "tolerance -1 (want finite, 0 or more)"},
		{func(c *tune.Config) { c.MaxEvaluations = 0 }, "0 evaluations for 1 starts"},
	} {
		cfg := good
		test.breaking(&cfg)
		_, err := tune.Search(t.Context(), cfg)
		require.ErrorIs(t, err, tune.ErrConfig)
		require.ErrorContains(t, err, test.want)
	}

	fire := errors.New("disk on fire")
	good.Env = func([]float64, env.Recorder) (env.Env, error) { return nil, fire }
	_, err := tune.Search(t.Context(), good)
	require.ErrorIs(t, err, fire)

	ctx, cancel := context.WithCancel(t.Context())
	good = settings([]int{1, 1}, 1, 2)
	good.Progress = func(n int) {
		if n == 3 {
			cancel()
		}
	}
	_, err = tune.Search(ctx, good)
	require.ErrorIs(t, err, context.Canceled, "in the middle")
}

// simulated is a search on the servers of a built-in scenario, on a few
// training seeds.
func simulated(t *testing.T, name string, workers int) (tune.Config, []eval.Result) {
	t.Helper()
	s, err := scenario.Load(name, nil)
	require.NoError(t, err)
	open := func(heuristic string, weights []float64, rec env.Recorder) (env.Env, error) {
		cfg, err := s.Config()
		if err != nil {
			return nil, err
		}
		cfg.Heuristic, cfg.Weights, cfg.Recorder = heuristic, weights, rec
		return sim.New(cfg)
	}
	cfg := tune.Config{
		Env:          func(w []float64, rec env.Recorder) (env.Env, error) { return open("", w, rec) },
		MaxLogWeight: s.MaxLogWeight, FirstStep: 0.4, LastStep: 0.05, MaxEvaluations: 100, Workers: workers,
	}
	equal, processors := []float64{}, []float64{}
	for _, g := range s.Servers {
		cfg.Counts = append(cfg.Counts, g.Count)
		equal, processors = append(equal, 1), append(processors, float64(g.CPUs))
	}
	cfg.Starts = [][]float64{equal, processors}
	for k := range uint64(16) {
		cfg.Seeds = append(cfg.Seeds, 1<<63|k)
	}
	var targets []episodes.Target
	for _, h := range []string{"lsq", "sed"} {
		targets = append(targets, episodes.Target{Name: h, Env: func(rec env.Recorder) (env.Env, error) { return open(h, nil, rec) }})
	}
	list, err := episodes.Run(t.Context(), episodes.Config{Seeds: cfg.Seeds}, targets)
	require.NoError(t, err)
	return cfg, list
}

// TestTunedBeatsSED in the profile of as much IO as CPU (appendix E.1), on the
// training seeds; its starts are LSQ and SED to the bit, and no number of
// workers changes anything.
func TestTunedBeatsSED(t *testing.T) {
	cfg, heuristics := simulated(t, "sim-moderate/50-50", 1)
	r, err := tune.Search(t.Context(), cfg)
	require.NoError(t, err)
	for k, h := range heuristics {
		require.Equal(t, h.Class(eval.AllClasses).Mean, r.Starts[k].Mean, h.Target)
		require.LessOrEqual(t, r.Best.Mean, r.Starts[k].Mean, h.Target)
	}
	require.Less(t, r.Best.Mean, 0.95*r.Starts[1].Mean, "SED overrates the larger servers")
	require.Less(t, r.Best.Weights[1]/r.Best.Weights[0], 1.7)

	cfg.Workers = 3
	again, err := tune.Search(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, r, again)
}
