package sac_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/sac"
)

// BenchmarkUpdate is one update of one LB (targets, critics, actor,
// temperature) at the default sizes: 8 servers, 11 features, batch 128.
func BenchmarkUpdate(b *testing.B) {
	for _, head := range []policy.Head{policy.Gaussian, policy.Discrete} {
		b.Run(string(head), func(b *testing.B) {
			cfg := sac.DefaultConfig()
			cfg.Head, cfg.CriticRounds = head, 0
			spec := specOf(1, 8, 11)
			l := newLearner(b, cfg, spec, 1)
			train(b, l, newBandit(spec, 1), 1, 1)
			b.ReportAllocs()
			b.ResetTimer()
			_, err := l.Update(b.N, 0)
			require.NoError(b, err)
		})
	}
}

// BenchmarkAct is one decision of one LB.
func BenchmarkAct(b *testing.B) {
	spec := specOf(1, 8, 11)
	policy, err := newLearner(b, sac.DefaultConfig(), spec, 1).Policy()
	require.NoError(b, err)
	w, step := grid[float64](1, 8), &env.Step{Obs: observation(spec, 1)}
	b.ReportAllocs()
	for b.Loop() {
		if err := policy.Act(w, step); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecurrentUpdate is one update of one LB at the sizes of Table 9's
// simulation: 25 episodes of 120 steps, 8 servers, 11 features, 64 hidden.
func BenchmarkRecurrentUpdate(b *testing.B) {
	cfg := sac.DefaultConfig()
	cfg.Network, cfg.Batch, cfg.Hidden, cfg.CriticRounds = sac.Recurrent, 25, 64, 0
	spec := specOf(1, 8, 11)
	spec.Steps = 120
	l := newLearner(b, cfg, spec, 1)
	actor, err := l.Explorer()
	require.NoError(b, err)
	require.NoError(b, l.Observe(newBandit(spec, 1).episode(b, actor, 1, spec.Steps)))
	_, err = l.Update(1, 0)
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	_, err = l.Update(b.N, 0)
	require.NoError(b, err)
}
