package episodes_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/eval"
	"fairlb/eval/episodes"
)

// fake is an environment of two LBs and three servers whose requests follow
// from the seed alone: each of four steps ends some, and the rest ends when
// it is drained.
type fake struct {
	rec    env.Recorder
	slow   float64 // completion times are multiplied by it
	random *rand.Rand
	steps  int
	closed *atomic.Int32

	stepErr func(seed uint64) error
	outcome func(seed uint64, o env.Outcome) env.Outcome // changes what is recorded
	seed    uint64
	acted   [][]float64
}

func (f *fake) Spec() env.Spec {
	return env.Spec{Agents: 2, Servers: 3, StepInterval: 0.5, Steps: 4, Action: env.ActionSpec{Low: 0, High: 10}}
}

func (f *fake) Reset(_ context.Context, seed uint64) (env.Step, error) {
	if f.random != nil { // a request of the episode before, cut off
		f.rec.Record(env.Outcome{Completion: 1000, Failed: true})
	}
	f.seed, f.steps = seed, 0
	f.random = rand.New(rand.NewPCG(seed, 0))
	return env.Step{}, nil
}

func (f *fake) Step(_ context.Context, actions [][]float64) (env.Step, error) {
	f.steps++
	f.acted = actions
	if f.stepErr != nil {
		if err := f.stepErr(f.seed); err != nil {
			return env.Step{}, err
		}
	}
	f.record(25)
	return env.Step{Time: float64(f.steps) / 2, Truncated: f.steps == 4}, nil
}

func (f *fake) Drain(context.Context) error {
	f.record(10)
	return nil
}

func (f *fake) Close() error {
	if f.closed != nil {
		f.closed.Add(1)
	}
	return nil
}

func (f *fake) record(n int) {
	for range n {
		o := env.Outcome{Class: f.random.IntN(2), Completion: f.random.ExpFloat64()}
		o.Completion *= f.slow
		if f.outcome != nil {
			o = f.outcome(f.seed, o)
		}
		f.rec.Record(o)
	}
}

// fixed is a policy of constant weights.
type fixed struct {
	resets []uint64
	err    error
}

func (a *fixed) Reset(seed uint64) { a.resets = append(a.resets, seed) }

func (a *fixed) Act(dst [][]float64, _ *env.Step) error {
	for i := range dst {
		for j := range dst[i] {
			dst[i][j] = float64(1 + i + j)
		}
	}
	return a.err
}

// target is the fake environment, slowed down by a factor.
func target(name string, slow float64, change ...func(*fake)) episodes.Target {
	return episodes.Target{Name: name, Env: func(rec env.Recorder) (env.Env, error) {
		f := &fake{rec: rec, slow: slow}
		for _, c := range change {
			c(f)
		}
		return f, nil
	}}
}

func config(change ...func(*episodes.Config)) episodes.Config {
	cfg := episodes.Config{Seeds: []uint64{1, 2, 3, 4, 5}, Classes: []string{"wiki", "static"}}
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

// TestPanicIsTheEvaluationsError: a worker of a queue goes on with other jobs.
func TestPanicIsTheEvaluationsError(t *testing.T) {
	t.Parallel()
	broken := target("broken", 1, func(f *fake) { f.stepErr = func(uint64) error { panic("boom") } })
	for _, workers := range []int{1, 3} {
		_, err := episodes.Run(t.Context(), config(func(c *episodes.Config) { c.Workers = workers }), []episodes.Target{broken})
		var fault *parallel.PanicError
		require.ErrorAs(t, err, &fault, "%d workers", workers)
		require.Equal(t, "boom", fault.Value)
	}
}

func TestRunPairsBySeed(t *testing.T) {
	t.Parallel()
	results, err := episodes.Run(t.Context(), config(), []episodes.Target{target("slow", 1.5), target("sed", 1), target("same", 1)})
	require.NoError(t, err)
	require.Len(t, results, 3)
	slow, sed, same := results[0], results[1], results[2]
	require.Equal(t, "slow", slow.Target)

	all := sed.Class("all")
	require.EqualValues(t, 5*110, all.N, "four steps of 25 and 10 in the drain, and none of the episode before")
	require.Equal(t, all.N, sed.Class("wiki").N+sed.Class("static").N)
	require.True(t, all.IsBaseline)
	require.Nil(t, all.VsSED)

	// The same arrivals: each seed's mean is 1.5 times SED's, exactly.
	for i, mean := range slow.Class("all").PerSeed {
		require.InDelta(t, 1.5*all.PerSeed[i], mean, 1e-12)
	}
	d := slow.Class("all").VsSED
	require.InDelta(t, 0.5*all.Mean, d.Diff, 1e-12)
	require.InDelta(t, all.Mean, d.Base, 1e-12)
	require.Equal(t, "sed", d.Baseline)
	require.True(t, d.Significant)
	require.Less(t, d.Lo, d.Diff)
	require.Less(t, d.Diff, d.Hi)

	// Paired, equal targets differ by nothing at all.
	require.Equal(t, eval.Difference{Baseline: "sed", Base: all.Mean}, *same.Class("all").VsSED)
}

// The figures are those of a naive computation from the outcomes.
func TestRunFigures(t *testing.T) {
	t.Parallel()
	var times []float64
	var means []float64
	for seed := uint64(1); seed <= 5; seed++ {
		random := rand.New(rand.NewPCG(seed, 0))
		sum := 0.0
		for range 110 {
			random.IntN(2)
			x := random.ExpFloat64()
			sum += x
			times = append(times, x)
		}
		means = append(means, sum/110)
	}
	results, err := episodes.Run(t.Context(), config(), []episodes.Target{target("sed", 1)})
	require.NoError(t, err)
	f := results[0].Class("all")
	require.InDeltaSlice(t, means, []float64(f.PerSeed), 1e-12)
	mean, variance := 0.0, 0.0
	for _, m := range means {
		mean += m / 5
	}
	for _, m := range means {
		variance += (m - mean) * (m - mean) / 4
	}
	require.InDelta(t, mean, f.Mean, 1e-12)
	require.InDelta(t, math.Sqrt(variance), f.SD, 1e-12)
	for share, got := range map[float64]float64{0.5: f.P50, 0.9: f.P90, 0.95: f.P95, 0.99: f.P99} {
		below := 0
		for _, x := range times {
			if x <= got {
				below++
			}
		}
		require.InDelta(t, share, float64(below)/float64(len(times)), 0.003)
	}
	require.InDelta(t, (f.PerSeedP99[0]+f.PerSeedP99[1]+f.PerSeedP99[2]+f.PerSeedP99[3]+f.PerSeedP99[4])/5, f.MeanP99, 1e-12)
	require.Positive(t, f.SDP95)
}

func TestRunCountsFailures(t *testing.T) {
	t.Parallel()
	fail := func(f *fake) {
		f.outcome = func(_ uint64, o env.Outcome) env.Outcome {
			o.Completion = 1
			if o.Class == 0 {
				o.Failed, o.Completion = true, 40
			}
			return o
		}
	}
	results, err := episodes.Run(t.Context(), config(), []episodes.Target{target("lsq", 1, fail)})
	require.NoError(t, err)
	all, wiki, static := results[0].Class("all"), results[0].Class("wiki"), results[0].Class("static")
	require.Equal(t, wiki.N, wiki.Failed)
	require.Equal(t, wiki.N, all.Failed)
	require.Zero(t, static.Failed)
	require.Equal(t, 40.0, wiki.Mean)
	require.Equal(t, 40.0, wiki.P50, "the timeout is the longest time, so it is exact")
	require.Equal(t, 40.0, all.P99)
	require.Equal(t, 1.0, static.Mean)
	require.Greater(t, all.Mean, 15.0)
	require.Equal(t, []float64{1, 1, 1}, []float64{all.Completed.PerSeed[0], all.Completed.PerSeedP95[0], all.Completed.PerSeedP99[0]},
		"those that completed")
	require.Empty(t, wiki.Completed.PerSeed.Defined(), "none completed")
	require.Equal(t, static.PerSeed, static.Completed.PerSeed)
	require.Equal(t, static.PerSeedP99, static.Completed.PerSeedP99)
	require.Nil(t, all.VsSED, "SED is not among the targets")
	require.False(t, all.IsBaseline)
}

func TestRunDoesNotDependOnWorkers(t *testing.T) {
	t.Parallel()
	targets := []episodes.Target{target("sed", 1), target("lsq", 1.2), target("wcmp", 3)}
	var want []eval.Result
	for _, workers := range []int{1, 2, 7, 0} {
		var closed, built atomic.Int32
		counted := make([]episodes.Target, len(targets))
		for i, each := range targets {
			counted[i] = episodes.Target{Name: each.Name, Env: func(rec env.Recorder) (env.Env, error) {
				built.Add(1)
				e, err := each.Env(rec)
				e.(*fake).closed = &closed
				return e, err
			}}
		}
		var progress []int
		got, err := episodes.Run(t.Context(), config(func(c *episodes.Config) {
			c.Workers = workers
			c.Progress = func(done, total int) {
				require.Equal(t, 15, total)
				progress = append(progress, done)
			}
		}), counted)
		require.NoError(t, err)
		require.Equal(t, built.Load(), closed.Load(), "every environment is closed")
		require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, progress)
		if workers == 1 {
			require.EqualValues(t, 3, built.Load(), "an environment serves all seeds of its target")
			want = got
		}
		require.Equal(t, want, got, "%d workers", workers)
	}
}

func TestRunSteers(t *testing.T) {
	t.Parallel()
	var e *fake
	actor := &fixed{}
	steered := episodes.Target{
		Name: "policy",
		Env: func(rec env.Recorder) (env.Env, error) {
			e = &fake{rec: rec, slow: 1}
			return e, nil
		},
		Actor: func() (agents.Actor, error) { return actor, nil },
	}
	cfg := config(func(c *episodes.Config) { c.Workers = 1 })
	_, err := episodes.Run(t.Context(), cfg, []episodes.Target{steered})
	require.NoError(t, err)
	require.Equal(t, cfg.Seeds, actor.resets)
	require.Equal(t, [][]float64{{1, 2, 3}, {2, 3, 4}}, e.acted)

	steered.Actor = nil
	_, err = episodes.Run(t.Context(), cfg, []episodes.Target{steered})
	require.NoError(t, err)
	require.Nil(t, e.acted, "a heuristic gets nil actions")
}

func TestRunReportsFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	atSeed3 := func(f *fake) {
		f.stepErr = func(seed uint64) error {
			if seed == 3 {
				return broken
			}
			return nil
		}
	}
	outcome := func(change func(*env.Outcome)) func(*fake) {
		return func(f *fake) {
			f.outcome = func(seed uint64, o env.Outcome) env.Outcome {
				if seed == 3 {
					change(&o)
				}
				return o
			}
		}
	}
	tests := []struct {
		name   string
		target episodes.Target
		is     error
		want   string
	}{
		{"step", target("lsq", 1, atSeed3), broken, "eval: lsq, seed 3: broken"},
		{"environment", episodes.Target{Name: "lsq", Env: func(env.Recorder) (env.Env, error) { return nil, broken }},
			broken, "eval: lsq, seed 1: building the environment: broken"},
		{"policy", episodes.Target{Name: "lsq", Env: target("", 1).Env, Actor: func() (agents.Actor, error) { return nil, broken }},
			broken, "eval: lsq, seed 1: building the policy: broken"},
		{"act", episodes.Target{Name: "lsq", Env: target("", 1).Env,
			Actor: func() (agents.Actor, error) { return &fixed{err: broken}, nil }},
			broken, "eval: lsq, seed 1: broken"},
		{"not a number", target("lsq", 1, outcome(func(o *env.Outcome) { o.Completion = math.NaN() })), episodes.ErrOutcome,
			"eval: lsq, seed 3: eval: invalid outcome: completion time NaN s of the request of 0 s (want finite, 0 or more)"},
		{"class", target("lsq", 1, outcome(func(o *env.Outcome) { o.Class = 2 })), episodes.ErrOutcome,
			"eval: lsq, seed 3: eval: invalid outcome: class 2 of the request of 0 s (want 0 to 1)"},
		{"no requests", episodes.Target{Name: "lsq", Env: func(env.Recorder) (env.Env, error) {
			return &fake{rec: discard{}, slow: 1}, nil
		}}, episodes.ErrNoRequests, "eval: lsq, seed 1: eval: the run has no requests"},
	}
	for _, test := range tests {
		results, err := episodes.Run(t.Context(), config(func(c *episodes.Config) { c.Workers = 1 }),
			[]episodes.Target{target("sed", 1), test.target})
		require.ErrorIs(t, err, test.is, test.name)
		require.EqualError(t, err, test.want)
		require.Nil(t, results)
	}
}

type discard struct{}

func (discard) Record(env.Outcome) {}

// The first failure ends runs that would otherwise never end.
func TestRunStopsTheOthers(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	started := make(chan struct{})
	var once sync.Once
	endless := target("endless", 1, func(f *fake) {
		f.stepErr = func(uint64) error {
			f.steps = 0
			once.Do(func() { close(started) })
			return nil
		}
	})
	failing := target("failing", 1, func(f *fake) {
		f.stepErr = func(uint64) error {
			<-started
			return broken
		}
	})
	cfg := episodes.Config{Seeds: []uint64{1}, Workers: 2}
	_, err := episodes.Run(t.Context(), cfg, []episodes.Target{endless, failing})
	require.EqualError(t, err, "eval: failing, seed 1: broken")
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	endless := target("endless", 1, func(f *fake) {
		f.stepErr = func(uint64) error {
			f.steps = 0
			cancel()
			return nil
		}
	})
	_, err := episodes.Run(ctx, config(), []episodes.Target{endless})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "eval: endless, seed ")
}

// A class without requests in a seed counts in no figure of it, and says so.
func TestRunWithMissingClass(t *testing.T) {
	t.Parallel()
	rare := func(f *fake) {
		f.outcome = func(seed uint64, o env.Outcome) env.Outcome {
			o.Class = 0
			if seed <= 2 {
				o.Class = 1
			}
			return o
		}
	}
	cfg := config(func(c *episodes.Config) { c.Classes = []string{"wiki", "static", "never"} })
	results, err := episodes.Run(t.Context(), cfg, []episodes.Target{target("sed", 1, rare), target("lsq", 2, rare)})
	require.NoError(t, err)
	lsq := results[1]
	require.Nil(t, lsq.Class("never"))
	static := lsq.Class("static")
	require.True(t, math.IsNaN(static.PerSeed[2]))
	require.InDelta(t, (static.PerSeed[0]+static.PerSeed[1])/2, static.Mean, 1e-12)
	require.InDelta(t, static.Mean/2, static.VsSED.Diff, 1e-12)
	require.Equal(t, []string{
		"lsq: class wiki has no requests in 2 of 5 seeds, which count in none of its figures",
		"lsq: class static has no requests in 3 of 5 seeds, which count in none of its figures",
	}, lsq.Warnings)
}

func TestRunWithOneClass(t *testing.T) {
	t.Parallel()
	results, err := episodes.Run(t.Context(), config(func(c *episodes.Config) { c.Classes = []string{"requests"} }),
		[]episodes.Target{target("sed", 1)})
	require.NoError(t, err)
	require.Len(t, results[0].Classes, 1)
	require.Equal(t, eval.AllClasses, results[0].Classes[0].Class)
}

func TestRunRefusesFaultyConfigurations(t *testing.T) {
	t.Parallel()
	_, err := episodes.Run(t.Context(), episodes.Config{Workers: -1}, nil)
	require.ErrorIs(t, err, episodes.ErrConfig)
	require.EqualError(t, err, "eval: invalid configuration: no seeds\n"+
		"eval: invalid configuration: no targets\n"+
		"eval: invalid configuration: -1 workers (want 0 or more)")

	cfg := episodes.Config{Seeds: []uint64{7, 7}, Classes: []string{"all", "", "a", "a"}}
	_, err = episodes.Run(t.Context(), cfg, []episodes.Target{{Name: "sed"}, target("sed", 1), target("", 1)})
	require.EqualError(t, err, "eval: invalid configuration: seed 7 comes twice\n"+
		"eval: invalid configuration: class \"a\" comes twice\n"+
		"eval: invalid configuration: class 0 is named \"all\", which is no class's name\n"+
		"eval: invalid configuration: class 1 is named \"\", which is no class's name\n"+
		"eval: invalid configuration: target \"sed\" has no environment\n"+
		"eval: invalid configuration: target 2 has no name\n"+
		"eval: invalid configuration: target \"sed\" comes twice")
}
