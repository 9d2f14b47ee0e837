package loopback

import (
	"context"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/train"
)

// RuleTraining opens a scenario in real time for a method to learn a dispatch rule in: each
// trial is an episode on this machine, whose load balancers decide by the trial's
// policy. doubt is told why an episode is no measurement.
func RuleTraining(s scenario.Scenario, doubt func(seed uint64, what string)) train.RuleEnvs {
	return train.RuleEnvs{Open: func(_ uint64, policy *dispatch.Policy) (env.Env, error) {
		m := &measured{}
		e, err := New(Config{Scenario: s, Heuristic: policy.Rule(), Policy: policy, Recorder: m, Doubt: doubt})
		if err != nil {
			return nil, err
		}
		m.Env = e
		return m, nil
	}}
}

// measured is an environment whose steps say what became of requests, although nobody
// observes its load balancers: as their clients saw it.
type measured struct {
	*Env
	interval env.Interval // since the last step
}

// Record implements env.Recorder.
func (m *measured) Record(o env.Outcome) {
	m.interval.Arrived++
	m.interval.CompletionSum += o.Completion
	if o.Failed {
		m.interval.Failed++
	} else {
		m.interval.Completed++
	}
}

// Reset implements env.Env.
func (m *measured) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	m.interval = env.Interval{}
	return m.Env.Reset(ctx, seed)
}

// Step implements env.Env.
func (m *measured) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	step, err := m.Env.Step(ctx, actions)
	step.Interval, m.interval = m.interval, env.Interval{}
	return step, err
}
