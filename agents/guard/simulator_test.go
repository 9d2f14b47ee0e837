package guard_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/guard"
	"fairlb/agents/selftuning"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/rewards"
)

// changing is an Actor whose weights are those of a server's processors, but upside down
// for as long as it is bad. badness says by which power.
type changing struct{ badness func(time float64) float64 }

func (c *changing) Reset(uint64) {}

func (c *changing) Act(dst [][]float64, step *env.Step) error {
	for i := range dst {
		for j := range dst[i] {
			cpus := 1.0
			if j >= 4 {
				cpus = 2
			}
			dst[i][j] = math.Pow(cpus, 1-c.badness(step.Time))
		}
	}
	return nil
}

// played is what a guard did in an episode.
type played struct {
	byFallback map[int]guard.Reason // by step
	guard      *guard.Guard
}

// play steers sim-moderate/pure-cpu by a guarded actor.
func play(t *testing.T, duration string, seed uint64, actor *changing) played {
	t.Helper()
	s, err := scenario.Load("sim-moderate/pure-cpu", []string{"duration=" + duration, "max_log_weight=3"})
	require.NoError(t, err)
	cfg, err := s.Config()
	require.NoError(t, err)
	cfg.Counts, cfg.Ties = true, dispatch.OrderedTies
	cfg.Reward, err = rewards.New("vbf")
	require.NoError(t, err)
	e, err := sim.New(cfg)
	require.NoError(t, err)
	spec := e.Spec()
	fallback, err := selftuning.New(selftuning.Config{LBs: spec.Agents, Interval: spec.StepInterval, Bounds: spec.Action, Rule: dispatch.DefaultSelfTuning()})
	require.NoError(t, err)
	g := guard.DefaultConfig(spec.Servers, spec.Action)
	g.Seed = seed
	g.Compare.Window, g.Pause = 60, 200 // flows take a second
	p := played{byFallback: map[int]guard.Reason{}}
	p.guard, err = guard.New(g, actor, fallback)
	require.NoError(t, err)

	ctx := context.Background()
	step, err := e.Reset(ctx, seed)
	require.NoError(t, err)
	p.guard.Reset(seed)
	actions := spec.NewActions()
	for k := 0; !step.Truncated; k++ {
		require.NoError(t, p.guard.Act(actions, &step))
		if d := p.guard.Decision(); d.Fallback {
			p.byFallback[k] = d.Reason
		}
		step, err = e.Step(ctx, actions)
		require.NoError(t, err)
	}
	return p
}

// TestBadPolicyIsReplaced: a policy that turns bad in mid-episode is replaced because
// flows take longer under it, tried again after pauses, and kept once it is good.
func TestBadPolicyIsReplaced(t *testing.T) {
	t.Parallel()
	const turnsBad, turnsGood, end = 3000, 8000, 16000 // s
	for seed := range uint64(2) {
		p := play(t, "16000", seed, &changing{badness: func(time float64) float64 {
			if time >= turnsBad && time < turnsGood {
				return 4
			}
			return 0
		}})
		slow := func(from, to int) float64 {
			n := 0
			for k := 2 * from; k < 2*to; k++ {
				if p.byFallback[k] == guard.Slow {
					n++
				}
			}
			return float64(n) / float64(2*(to-from))
		}
		found := turnsBad
		for p.byFallback[2*found] != guard.Slow && found < end {
			found++
		}
		require.Less(t, found, turnsBad+1000, "it was found out, by blocks of 300 s and 4000 flows")
		t.Logf("seed %d: found out after %d s; slow before %.2f, while bad %.2f, after %.2f; %d changes for that, %d back", seed, found-turnsBad,
			slow(0, turnsBad), slow(turnsBad+1000, turnsGood), slow(turnsGood+5000, end), p.guard.Changes(guard.Slow), p.guard.Changes(guard.Healthy))
		require.Zero(t, slow(0, turnsBad), "it was good")
		require.Greater(t, slow(turnsBad+1000, turnsGood), 0.15, "and was tried again, after pauses of 200 s and more")
		require.GreaterOrEqual(t, p.guard.Changes(guard.Slow), uint64(3))
		require.Zero(t, slow(turnsGood+5000, end), "it is good again")
		require.Positive(t, p.guard.Changes(guard.Comparison))
	}
}

// TestGoodPolicyStays: a policy that is as good as the fallback is not called slow, and
// the fallback acts in a fifth of the time.
func TestGoodPolicyStays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		p := play(t, "12000", 100+seed, &changing{badness: func(float64) float64 { return 0.35 }})
		require.Zero(t, p.guard.Changes(guard.Slow), "seed %d: ratio %.3f, evidence %.3f", seed, p.guard.Decision().Ratio, p.guard.Decision().Evidence)
		require.InDelta(t, 0.2, float64(len(p.byFallback))/24000, 0.05)
	}
}
