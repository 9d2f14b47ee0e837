package sac

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/env"
	"fairlb/replay"
)

// recurrentRun is a recurrent learner of two LBs, three servers and two features,
// whose networks answer strongly, and two ragged episodes that its own explorer
// played in random states.
type recurrentRun struct {
	*Learner
	episodes []*replay.Episode
	states   [][][]float32 // per episode, step and LB: the actor's, as the step began
}

func newRecurrentRun(t testing.TB, window, burnIn int, joint bool) *recurrentRun {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Network, cfg.Hidden, cfg.Batch, cfg.CriticRounds = Recurrent, 6, 12, 0
	cfg.Window, cfg.BurnIn = window, burnIn
	l, err := newLearner(cfg, env.Spec{Agents: 2, Servers: 3, Steps: 9, Features: make([]env.Feature, 2),
		Action: env.ActionSpec{Low: 0.1, High: 10}}, 1, joint)
	require.NoError(t, err)
	w := &recurrentRun{Learner: l}
	rng := rand.New(rand.NewPCG(8, 8))
	for _, a := range l.agents {
		for _, arena := range []*nn.Arena{a.params.actor, a.params.critic, a.params.target} {
			for i := range arena.Values() { // away from the near-zero outputs; targets unlike critics
				arena.Values()[i] += float32(0.2 * rng.NormFloat64())
			}
		}
	}
	for _, steps := range []int{9, 4} {
		w.play(t, steps, rng)
	}
	return w
}

// play plays and observes an episode by the policies that Explorer's actor has.
func (w *recurrentRun) play(t testing.TB, steps int, rng *rand.Rand) {
	ep := replay.NewEpisode(replay.Shape{Agents: 2, Servers: 3, Features: 2}, steps)
	ep.Steps = steps
	explorer, err := w.Explorer()
	require.NoError(t, err)
	explorer.Reset(uint64(steps))
	twins := make([]*recurrentPolicy, len(w.agents))
	for i, a := range w.agents {
		twins[i] = a.trainer.(*recurrent).newPolicy(nn.NewPlan(a.params.actor.Clone()), false)
	}
	weights := [][]float64{make([]float64, 3), make([]float64, 3)}
	var states [][]float32
	for step := range steps + 1 {
		obs := [][]float32{make([]float32, 6), make([]float32, 6)}
		for _, row := range obs {
			for k := range row {
				row[k] = float32(rng.NormFloat64())
			}
			ep.Obs, ep.Load = append(ep.Obs, row...), append(ep.Load, 0, 0, 0)
		}
		if step == steps {
			break
		}
		require.NoError(t, explorer.Act(weights, &env.Step{Obs: obs}))
		for i, twin := range twins {
			states = append(states, slices.Clone(twin.before.Data()))
			if len(twins) == 2 {
				w.agents[i].features.Apply(twin.obs.Data(), obs[i])
				twin.decide(make([]float64, 3), nil)
			}
		}
		for _, row := range weights {
			for range row {
				ep.LogWeight = append(ep.LogWeight, float32(rng.NormFloat64()/2))
				ep.ServerReward = append(ep.ServerReward, float32(rng.NormFloat64()))
			}
			ep.Reward = append(ep.Reward, 0)
		}
	}
	require.NoError(t, w.Observe(ep))
	w.episodes = append(w.episodes, w.buffer.Episode(len(w.episodes)))
	w.states = append(w.states, states)
}

// sample draws and loads sequences for an LB and returns of each its episode
// and the step at which it begins.
func (w *recurrentRun) sample(t testing.TB, lb int) (r *recurrent, episode, start []int) {
	t.Helper()
	r = w.agents[lb].trainer.(*recurrent)
	w.agents[lb].rewards.FitTo(w.buffer, func(ep *replay.Episode, t int) []float32 { return ep.ServerRewards(t, lb) })
	require.NoError(t, w.buffer.SampleSequences(r.sequences, lb, rand.New(rand.NewPCG(1, 1))))
	r.load()
	r.starts.find(&r.start, r.sequences, r.burnObs)
	for b := range r.sequences.Size {
		found := false
		for e, ep := range w.episodes {
			for step := range ep.Steps {
				if ep.Obs[(step*ep.Agents+lb)*ep.Servers*ep.Features] == r.sequences.Obs[b*ep.Servers*ep.Features] {
					episode, start, found = append(episode, e), append(start, step), true
				}
			}
		}
		require.True(t, found)
	}
	return r, episode, start
}

// TestReplayedStatesAreThoseOfActing: what is stored of an episode is the state
// that the actor had as it played, and a window begins in it, whether its
// burn-in begins in a stored state or covers the episode's start.
func TestReplayedStatesAreThoseOfActing(t *testing.T) {
	t.Parallel()
	for _, burnIn := range []int{0, 2, 9} {
		w := newRecurrentRun(t, 3, burnIn, false)
		const lb, h = 1, 6
		r, episode, start := w.sample(t, lb)
		later := 0
		for b, e := range episode {
			ep, s := w.episodes[e], start[b]
			want := w.states[e][2*s+lb]
			require.InDeltaSlice(t, want, ep.StoredState[(2*s+lb)*ep.StoredStateSize:][:h], 1e-6, "stored")
			for k, state := range r.start { // of each network its own
				stored := ep.StoredState[(2*s+lb)*ep.StoredStateSize+k*h:][:h]
				require.InDeltaSlice(t, stored, state[b*h:(b+1)*h], 1e-5, "burn-in %d, network %d, step %d", burnIn, k, s)
				if s > 0 {
					require.NotEqual(t, make([]float32, h), stored)
					require.NotEqual(t, ep.StoredState[(2*s+lb)*ep.StoredStateSize+(k+1)%networkStates*h:][:h], stored)
				}
			}
			if s > burnIn {
				later++
			}
		}
		require.True(t, later > 0 || burnIn == 9)
	}
}

// naive runs a network a step at a time.
type naive struct {
	plan       *nn.Plan
	x, state   *nn.Node
	out, after *nn.Node
}

func newNaive(t testing.TB, values *nn.Arena, net *nn.RecurrentNet) *naive {
	n := &naive{plan: nn.NewPlan(values)}
	n.x, n.state = n.plan.Input("x", 1, net.In()), n.plan.Input("state", 1, net.Hidden())
	n.out, n.after = net.Apply(n.plan, n.x, n.state)
	require.NoError(t, n.plan.Err())
	return n
}

// q returns the values [N] in features x of actions u, without going on.
func (n *naive) q(x, u []float32) []float32 {
	centred, mean := slices.Clone(u), float32(0)
	for _, v := range u {
		mean += v / float32(len(u))
	}
	for j := range centred {
		centred[j] -= mean
	}
	copy(n.x.Data(), append(slices.Clone(x), centred...))
	n.plan.Run()
	return slices.Clone(n.out.Data())
}

// advance takes the state that the last q led to.
func (n *naive) advance() { copy(n.state.Data(), n.after.Data()) }

// TestActionsAreValuedOneStepOn: Q, targets and the Q of the actor's loss are
// those of networks that live through an episode a step at a time, and look at
// actions that were not taken without living through them.
func TestActionsAreValuedOneStepOn(t *testing.T) {
	t.Parallel()
	const lb, n, cols = 1, 3, 6 // servers, features of all
	w := newRecurrentRun(t, 3, 2, false)
	r, episode, start := w.sample(t, lb)
	a, s := w.agents[lb], r.sequences
	r.setTargets()
	r.critic.program.Run()
	r.runActor()
	row := func(x []float32, row, cols int) []float32 { return x[row*cols : (row+1)*cols] }
	for b, e := range episode {
		ep := w.episodes[e]
		var critics, targets [2]*naive
		for i, net := range r.critics {
			critics[i], targets[i] = newNaive(t, a.params.critic, net), newNaive(t, a.params.target, net)
		}
		for step := range min(start[b]+3, ep.Steps) {
			features := func(step int) []float32 {
				x := make([]float32, cols)
				a.features.Apply(x, row(ep.Obs, 2*step+lb, cols))
				return x
			}
			took := row(ep.LogWeight, 2*step+lb, n)
			index := (step-start[b])*s.Size + b
			if step >= start[b] {
				for i, c := range critics {
					require.InDeltaSlice(t, c.q(features(step), row(r.actor.u.Data(), index, n)), row(r.actor.q[i].Data(), index, n), 1e-4)
				}
			}
			var next [2][]float32
			for i := range critics {
				q := critics[i].q(features(step), took)
				critics[i].advance()
				targets[i].q(features(step), took)
				targets[i].advance()
				if step >= start[b] {
					require.InDeltaSlice(t, q, row(r.critic.q[i].Data(), index, n), 1e-4)
					next[i] = targets[i].q(features(step+1), row(r.next.drawn.Data(), index+s.Size, n))
				}
			}
			if step < start[b] {
				continue
			}
			want := make([]float32, n)
			perServerTarget(want, row(r.rewards, index, n), []float32{1}, next[0], next[1],
				row(r.next.logp.Data(), index+s.Size, n), a.cfg.Gamma, a.alpha.alpha())
			require.InDeltaSlice(t, want, row(r.critic.y.Data(), index, n), 1e-4)
		}
	}
}

// TestNothingBehindTheEndCounts: whatever stands behind the end of an episode,
// gradients and figures have the same bits; what stands before it counts.
func TestNothingBehindTheEndCounts(t *testing.T) {
	t.Parallel()
	for _, joint := range []bool{false, true} {
		gradients := func(spoil, spoilInside bool) string {
			w := newRecurrentRun(t, 0, 0, joint)
			r, episode, _ := w.sample(t, 0)
			s := r.sequences
			cols, actions := len(r.obs)/(s.Steps+1)/s.Size, len(s.LogWeight)/s.Steps/s.Size
			short := 0
			for b, e := range episode {
				end := w.episodes[e].Steps
				for step := range s.Steps + 1 {
					if index := step*s.Size + b; spoil && step > end || spoilInside && step == end {
						fill(r.obs[index*cols:][:cols], 3)
					}
					if index := step*s.Size + b; spoil && step >= end && step < s.Steps {
						short++
						fill(s.LogWeight[index*actions:][:actions], -2)
						fill(r.rewards[index*3:][:3], 7)
					}
				}
			}
			require.Equal(t, spoil, short > 0)
			r.agent.rng = rand.New(rand.NewPCG(3, 3))
			r.setTargets()
			r.critic.program.Run()
			r.runActor()
			return fmt.Sprint(r.critic.program.Gradient(), r.actor.program.Gradient(), r.critic.program.Loss(), r.actor.program.Loss(),
				maskedMean(r.actor.logp.Data(), r.actor.mask.Data()), maskedMean(r.critic.q[0].Data(), r.critic.mask.Data()))
		}
		want := gradients(false, false)
		require.True(t, want == gradients(true, false), "joint: %v", joint)
		require.False(t, want == gradients(true, true), "the last observation counts")
	}
}

// TestRecurrentUpdateAllocatesNothing. It is not parallel: it counts.
func TestRecurrentUpdateAllocatesNothing(t *testing.T) {
	for _, joint := range []bool{false, true} {
		w := newRecurrentRun(t, 3, 2, joint)
		r, _, _ := w.sample(t, 0)
		update := func() { require.NoError(t, r.update(round{rate: 1e-3, trainActor: true})) }
		update()
		require.Zero(t, testing.AllocsPerRun(20, update))
	}
}
