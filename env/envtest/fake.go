package envtest

import (
	"context"
	"math/rand/v2"

	"fairlb/env"
)

var _ env.Env = (*Fake)(nil)

// Fake is the smallest environment that is worth controlling. In each step, each LB
// divides one unit of work among servers of unequal speed in proportion to its
// weights. LB i's load of server j is its part of the work over the server's speed;
// the reward is minus the sum over servers of speed times squared load, which is
// greatest if weights are proportional to speeds. Every request completes within its
// step.
type Fake struct {
	speeds     []float64
	agents     int
	steps      int
	rng        *rand.Rand
	weights    [][]float64
	step       env.Step
	stepsTaken int
}

// NewFake returns a Fake with the given speeds and steps an episode.
func NewFake(agents, steps int, speeds ...float64) *Fake {
	f := &Fake{speeds: speeds, agents: agents, steps: steps, stepsTaken: -1}
	n := len(speeds)
	f.step.Reward = make([]float64, agents)
	for range agents {
		f.weights = append(f.weights, make([]float64, n))
		f.step.Obs = append(f.step.Obs, make([]float32, 2*n))
		f.step.Load = append(f.step.Load, make([]float64, n))
		f.step.ServerReward = append(f.step.ServerReward, make([]float64, n))
	}
	return f
}

// Spec implements env.Env.
func (f *Fake) Spec() env.Spec {
	return env.Spec{
		Agents: f.agents, Servers: len(f.speeds), StepInterval: 1, Steps: f.steps,
		Features: []env.Feature{{Name: "load", Unit: "s"}, {Name: "noise", Unit: "1"}},
		Action:   env.ActionSpec{Low: 0.2, High: 5},
	}
}

// Reset implements env.Env.
func (f *Fake) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	if err := ctx.Err(); err != nil {
		return env.Step{}, err
	}
	f.rng = rand.New(env.Stream(seed, "envtest/fake"))
	f.stepsTaken = 0
	for _, row := range f.weights {
		for j := range row {
			row[j] = 1
		}
	}
	f.fill()
	clear(f.step.Reward)
	for _, row := range f.step.ServerReward {
		clear(row)
	}
	f.step.Interval = env.Interval{}
	return f.step, nil
}

// Step implements env.Env.
func (f *Fake) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	switch {
	case f.stepsTaken < 0:
		return env.Step{}, env.ErrNotReset
	case f.stepsTaken >= f.steps:
		return env.Step{}, env.ErrEpisodeOver
	}
	if err := ctx.Err(); err != nil {
		return env.Step{}, err
	}
	if actions != nil {
		spec := f.Spec()
		if err := spec.CheckActions(actions); err != nil {
			return env.Step{}, err
		}
		for i, row := range actions {
			copy(f.weights[i], row)
		}
	}
	f.stepsTaken++
	f.fill()
	f.step.Interval = env.Interval{Arrived: f.agents, Completed: f.agents}
	for _, r := range f.step.Reward {
		f.step.Interval.CompletionSum -= r
	}
	return f.step, nil
}

// fill divides the work of one step and fills the step.
func (f *Fake) fill() {
	f.step.Time = float64(f.stepsTaken)
	f.step.Truncated = f.stepsTaken == f.steps
	for i, weights := range f.weights {
		total, reward := 0.0, 0.0
		for _, w := range weights {
			total += w
		}
		for j, w := range weights {
			load := w / total / f.speeds[j]
			f.step.Load[i][j] = load
			f.step.Obs[i][2*j] = float32(load)
			f.step.Obs[i][2*j+1] = f.rng.Float32()
			f.step.ServerReward[i][j] = -f.speeds[j] * load * load
			reward += f.step.ServerReward[i][j]
		}
		f.step.Reward[i] = reward
	}
}

// Close implements env.Env.
func (f *Fake) Close() error { return nil }
