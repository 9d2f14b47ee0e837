package qmix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env"
	"fairlb/qmix"
	"fairlb/replay"
)

func specOf(lbs, servers, features int) env.Spec {
	s := env.Spec{Agents: lbs, Servers: servers, StepInterval: 0.5, Steps: 20, Action: env.ActionSpec{Low: 0.1, High: 10}}
	for range features {
		s.Features = append(s.Features, env.Feature{Name: "ongoing", Unit: "requests"})
	}
	return s
}

func grid[T any](rows, cols int) [][]T {
	g := make([][]T, rows)
	for i := range g {
		g[i] = make([]T, cols)
	}
	return g
}

// best is the level that pays most at LB i and server j.
func best(i, j int) float64 { return 0.4 * float64(1-(i+j)%3) }

func observe(obs [][]float32, rng *rand.Rand) {
	for i := range obs {
		for k := range obs[i] {
			obs[i][k] = float32(3 + 2*rng.NormFloat64())
		}
	}
}

func observation(spec env.Spec, seed uint64) [][]float32 {
	obs := grid[float32](spec.Agents, spec.Servers*len(spec.Features))
	observe(obs, rand.New(rand.NewPCG(seed, 9)))
	return obs
}

// episode plays 20 steps of an environment without dynamics: observations are
// noise, and the team earns minus the sum of the squared distances from best.
func episode(t testing.TB, spec env.Spec, actor agents.Actor, seed uint64) *replay.Episode {
	t.Helper()
	const steps = 20
	ep := replay.NewEpisode(replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}, steps)
	ep.Steps = steps
	ep.Load = make([]float32, (steps+1)*spec.Agents*spec.Servers)
	ep.Reward = make([]float32, steps*spec.Agents) // a team learner does not read it
	rng := rand.New(rand.NewPCG(seed, 99))
	obs, weights := grid[float32](spec.Agents, spec.Servers*len(spec.Features)), grid[float64](spec.Agents, spec.Servers)
	actor.Reset(seed)
	for range steps {
		observe(obs, rng)
		require.NoError(t, actor.Act(weights, &env.Step{Obs: obs}))
		require.NoError(t, spec.CheckActions(weights))
		team := 0.0
		for i, row := range weights {
			ep.Obs = append(ep.Obs, obs[i]...)
			for j, w := range row {
				ep.LogWeight = append(ep.LogWeight, float32(math.Log(w)))
				pay := -math.Pow(math.Log(w)-best(i, j), 2)
				ep.ServerReward = append(ep.ServerReward, float32(pay))
				team += pay
			}
		}
		ep.TeamReward = append(ep.TeamReward, float32(team))
	}
	observe(obs, rng)
	for _, x := range obs {
		ep.Obs = append(ep.Obs, x...)
	}
	return ep
}

func newLearner(t testing.TB, cfg qmix.Config, spec env.Spec, seed uint64) *qmix.Learner {
	t.Helper()
	l, err := qmix.New(cfg, spec, seed)
	require.NoError(t, err)
	return l
}

// train runs rounds of four episodes and a number of updates.
func train(t testing.TB, l *qmix.Learner, spec env.Spec, rounds, updates int) agents.Stats {
	t.Helper()
	var stats agents.Stats
	for r := range rounds {
		actor, err := l.Explorer()
		require.NoError(t, err)
		for e := range 4 {
			require.NoError(t, l.Observe(episode(t, spec, actor, uint64(4*r+e))))
		}
		stats, err = l.Update(updates, float64(r+1)/float64(rounds))
		require.NoError(t, err)
	}
	return stats
}

func weights(t testing.TB, l *qmix.Learner, spec env.Spec, obs [][]float32) [][]float64 {
	t.Helper()
	policy, err := l.Policy()
	require.NoError(t, err)
	policy.Reset(1)
	w := grid[float64](spec.Agents, spec.Servers)
	require.NoError(t, policy.Act(w, &env.Step{Obs: obs}))
	return w
}

func parameter(t testing.TB, l *qmix.Learner, name string) []float32 {
	t.Helper()
	for _, p := range l.Parameters() {
		if p.Name == name {
			return p.Data
		}
	}
	t.Fatalf("no parameter %q", name)
	return nil
}

// TestLearnsABandit: every LB finds the best levels of its servers from the
// team's reward alone.
func TestLearnsABandit(t *testing.T) {
	t.Parallel()
	type how struct {
		mixer   qmix.MixerKind
		mixed   qmix.MixedUtilities
		utility qmix.UtilityForm
	}
	for _, mixer := range []qmix.MixerKind{qmix.Monotonic, qmix.Sum} {
		for _, how := range []how{
			{mixer, qmix.LBs, qmix.Table},
			{mixer, qmix.Heads, qmix.Table},
			{mixer, qmix.Servers, qmix.Table},
			{mixer, qmix.LBs, qmix.Quadratic},
			{mixer, qmix.Servers, qmix.Quadratic},
		} {
			t.Run(fmt.Sprint(how), func(t *testing.T) {
				t.Parallel()
				spec := specOf(2, 3, 2)
				cfg := qmix.DefaultConfig()
				cfg.Levels, cfg.Mixer, cfg.Mixed = []float64{-0.4, 0, 0.4}, how.mixer, how.mixed
				cfg.Utility = how.utility
				cfg.Window = 4
				cfg.Gamma, cfg.Lambda, cfg.Batch, cfg.Average, cfg.Rate = 0.3, 0.3, 8, 0.95, 5e-3
				l := newLearner(t, cfg, spec, 5)
				stats := train(t, l, spec, 20, 40)
				require.LessOrEqual(t, wrongOf(t, l, spec), 4)
				for _, name := range []string{"loss", "loss_team", "grad_norm", "q_mean", "epsilon", "advantage_share", "q_spread"} {
					require.Contains(t, stats, name)
					require.False(t, math.IsNaN(stats[name]), name)
				}
				require.InDelta(t, 0.1, stats["epsilon"], 1e-9)
			})
		}
	}
}

// TestUpdatesAreDeterministic asks for the same bits on one and two
// processors, and others from another seed. It is not parallel: it sets
// GOMAXPROCS.
func TestUpdatesAreDeterministic(t *testing.T) {
	run := func(seed uint64) []float32 {
		spec := specOf(2, 3, 2)
		l := newLearner(t, qmix.DefaultConfig(), spec, seed)
		train(t, l, spec, 3, 5)
		var values []float32
		for _, p := range l.Parameters() {
			values = append(values, p.Data...)
		}
		return values
	}
	procs := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	runtime.GOMAXPROCS(1)
	want := run(1)
	runtime.GOMAXPROCS(2)
	require.Equal(t, want, run(1))
	require.NotEqual(t, want, run(2))
}

// TestParametersRestoreThePolicy: they are all that it depends on, and none of
// them is the mixer's.
func TestParametersRestoreThePolicy(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	l := newLearner(t, qmix.DefaultConfig(), spec, 1)
	train(t, l, spec, 3, 20)
	var saved []agents.Parameter
	for _, p := range l.Parameters() {
		require.NotContains(t, p.Name, "mixer")
		saved = append(saved, agents.Parameter{Name: p.Name, Shape: slices.Clone(p.Shape), Data: slices.Clone(p.Data)})
	}
	other := newLearner(t, qmix.DefaultConfig(), spec, 2)
	require.NoError(t, agents.CopyParameters(other.Parameters(), saved))
	for seed := range uint64(20) {
		obs := observation(spec, seed)
		require.Equal(t, weights(t, l, spec, obs), weights(t, other, spec, obs))
	}
}

// Permuting the servers together with their embeddings permutes the weights.
// An actor keeps the parameters of the moment it was made.
// TestExploration counts random levels over training, and how long they hold.
func TestFeaturesAreFrozenAfterTheFirstRounds(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	cfg := qmix.DefaultConfig()
	cfg.FeatureRounds = 1
	l := newLearner(t, cfg, spec, 5)
	train(t, l, spec, 1, 1)
	want := slices.Clone(parameter(t, l, "lb1.features.mean"))
	require.InDelta(t, 3, want[0], 0.5)
	explorer, err := l.Explorer()
	require.NoError(t, err)
	require.NoError(t, l.Observe(episode(t, spec, explorer, 77)))
	_, err = l.Update(1, 0)
	require.NoError(t, err)
	require.Equal(t, want, parameter(t, l, "lb1.features.mean"))
}

func TestUpdatesDoNotAllocate(t *testing.T) {
	spec := specOf(2, 3, 2)
	cfg := qmix.DefaultConfig()
	cfg.Window, cfg.Batch = 4, 4
	l := newLearner(t, cfg, spec, 5)
	train(t, l, spec, 1, 1)
	round := func(n int) float64 {
		return testing.AllocsPerRun(5, func() {
			_, err := l.Update(n, 0)
			require.NoError(t, err)
		})
	}
	require.InDelta(t, round(1), round(20), 10, "a round allocates; an allocation an update would be 19 more")
}

func TestLearnerErrors(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	l := newLearner(t, qmix.DefaultConfig(), spec, 1)
	_, err := l.Update(1, 0)
	require.ErrorIs(t, err, replay.ErrEmpty)
	require.Error(t, l.Observe(replay.NewEpisode(replay.Shape{Agents: 1, Servers: 1, Features: 1}, 0)))
	explorer, err := l.Explorer()
	require.NoError(t, err)
	ep := episode(t, spec, explorer, 1)
	ep.TeamReward[7] = float32(math.NaN())
	require.NoError(t, l.Observe(ep))
	_, err = l.Update(1, 0)
	require.ErrorIs(t, err, nn.ErrDiverged)
	for _, bad := range []struct {
		n        int
		progress float64
	}{{0, 0}, {1, -0.1}, {1, 1.1}, {1, math.NaN()}} {
		_, err = l.Update(bad.n, bad.progress)
		require.ErrorContains(t, err, "want n at least 1")
	}
}

// wrongOf counts, in 3 states of 6 heads, the levels that are not the best; guesses
// get 12 wrong.
func wrongOf(t testing.TB, l *qmix.Learner, spec env.Spec) int {
	t.Helper()
	wrong := 0
	for seed := range uint64(3) {
		for i, row := range weights(t, l, spec, observation(spec, seed)) {
			for j, w := range row {
				if math.Abs(best(i, j)-math.Log(w)) > 1e-6 {
					wrong++
				}
			}
		}
	}
	return wrong
}

// TestWhoseReward: QMix-LB learns from the team's reward and from nothing else,
// whatever the LBs' own say, and IQL-LB from the LBs' own. In each form one of the
// two says nothing; the learner that reads it learns nothing.
func TestWhoseReward(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	team := func(ep *replay.Episode) { clear(ep.TeamReward) }
	own := func(ep *replay.Episode) { clear(ep.ServerReward) }
	teamServers := func(ep *replay.Episode) { ep.TeamServerReward = make([]float32, ep.Steps*ep.Servers) }
	keepTeamServers := func(ep *replay.Episode) { // and no LB's own
		parts := make([]float32, ep.Steps*ep.Servers)
		for t := range ep.Steps {
			ep.TeamServers(parts[t*ep.Servers:(t+1)*ep.Servers], t)
		}
		ep.TeamServerReward = parts
		clear(ep.ServerReward)
	}
	newQMIX, newIQL := qmix.New, qmix.NewIndependent
	for name, test := range map[string]struct {
		learner func(qmix.Config, env.Spec, uint64) (*qmix.Learner, error)
		mixed   qmix.MixedUtilities
		silence func(ep *replay.Episode)
		learns  bool
	}{
		"qmix without the LBs' own":                    {newQMIX, qmix.LBs, own, true},
		"qmix without the team's":                      {newQMIX, qmix.LBs, team, false},
		"qmix of servers without the LBs' own":         {newQMIX, qmix.Servers, keepTeamServers, true},
		"qmix of servers without the team's by server": {newQMIX, qmix.Servers, teamServers, false},
		"iql without the team's":                       {newIQL, qmix.LBs, team, true},
		"iql without the LBs' own":                     {newIQL, qmix.LBs, own, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := qmix.DefaultConfig()
			cfg.Levels, cfg.Mixed, cfg.Window = []float64{-0.4, 0, 0.4}, test.mixed, 4
			cfg.Gamma, cfg.Lambda, cfg.Batch, cfg.Average, cfg.Rate = 0.3, 0.3, 8, 0.95, 5e-3
			l, err := test.learner(cfg, spec, 5)
			require.NoError(t, err)
			for r := range 20 {
				actor, err := l.Explorer()
				require.NoError(t, err)
				for e := range 4 {
					ep := episode(t, spec, actor, uint64(4*r+e))
					test.silence(ep)
					require.NoError(t, l.Observe(ep))
				}
				_, err = l.Update(40, float64(r+1)/20)
				require.NoError(t, err)
			}
			if wrong := wrongOf(t, l, spec); test.learns {
				require.LessOrEqual(t, wrong, 4)
			} else {
				require.GreaterOrEqual(t, wrong, 8)
			}
		})
	}
}

// TestSmoothness: the penalty keeps the best log-weights alike in all states.
func TestSmoothness(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	change := map[float64]float64{}
	for _, penalty := range []float64{1e-9, 3} {
		cfg := qmix.DefaultConfig()
		cfg.Smoothness, cfg.Batch, cfg.Window = penalty, 8, 4
		l := newLearner(t, cfg, spec, 5)
		change[penalty] = train(t, l, spec, 10, 40)["smoothness"]
	}
	require.Less(t, change[3], change[1e-9]/10)
}
