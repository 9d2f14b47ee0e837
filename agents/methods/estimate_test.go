package methods_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/qmix"
	"fairlb/sac"
)

// TestEstimateOfMemory: what a learner takes is what it allocates, within a
// half, where networks decide and where batches do.
func TestEstimateOfMemory(t *testing.T) {
	spec := env.Spec{Agents: 3, Servers: 10, StepInterval: 0.5, Steps: 60, Action: env.ActionSpec{Low: 0.1, High: 10}}
	for range 11 {
		spec.Features = append(spec.Features, env.Feature{Name: string(rune('a' + len(spec.Features)))})
	}
	wide, deep, long := methods.DefaultSettings(), methods.DefaultSettings(), methods.DefaultSettings()
	wide.SAC.Hidden, wide.QMIX.Hidden, wide.PPO.Hidden, wide.Delay.Hidden = 512, 512, 512, 512
	wide.SAC.Batch, wide.QMIX.Batch, wide.PPO.Batch, wide.Delay.Batch = 1, 1, 1, 1
	deep.SAC.Batch, deep.QMIX.Batch, deep.PPO.Batch, deep.Delay.Batch = 500, 60, 500, 500
	deep.SAC.Layers, deep.QMIX.Layers, deep.PPO.Layers, deep.Delay.Layers = 8, 8, 8, 8
	long.SAC.Network, long.SAC.Window, long.SAC.Batch, long.SAC.Hidden = sac.Recurrent, 50, 10, 64
	long.SAC.BurnIn = 25
	long.QMIX.Window = 100
	servers := long
	servers.QMIX.Mixed = qmix.Servers
	discrete := methods.DefaultSettings()
	discrete.SAC.Head, discrete.SAC.Discrete, discrete.SAC.Batch = "discrete", sac.StraightThrough, 500
	for _, test := range []struct {
		name, method string
		s            methods.Settings
	}{
		{"wide", "distr-lb", wide}, {"wide", "centr-lb", wide}, {"wide", "qmix-lb", wide}, {"wide", "iql-lb", wide}, {"wide", "ippo", wide}, {"wide", "mappo", wide}, {"wide", "delay", wide},
		{"deep", "distr-lb", deep}, {"deep", "centr-lb", deep}, {"deep", "qmix-lb", deep}, {"deep", "ippo", deep}, {"deep", "mappo", deep}, {"deep", "delay", deep},
		{"long", "distr-lb", long}, {"long", "centr-lb", long}, {"long", "qmix-lb", long}, {"long", "iql-lb", long}, {"servers", "qmix-lb", servers},
		{"discrete", "distr-lb", discrete}, {"discrete", "centr-lb", discrete},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		learner, err := methods.Learner(test.method, test.s, spec, 1)
		require.NoError(t, err, "%s %s", test.name, test.method)
		runtime.GC()
		runtime.ReadMemStats(&after)
		of, err := methods.Estimate(test.method, test.s, spec, agents.Schedule{})
		require.NoError(t, err)
		ratio := of.Total(estimate.Memory) / float64(after.HeapAlloc-before.HeapAlloc)
		require.Greater(t, ratio, 0.7, "%s %s", test.name, test.method)
		require.Less(t, ratio, 1.5, "%s %s", test.name, test.method)
		runtime.KeepAlive(learner)
	}
}

// TestEstimateFields: fields are paths of a hyperparameter file, and the sizes
// that have no bound but their product are counted.
func TestEstimateFields(t *testing.T) {
	t.Parallel()
	spec := env.Spec{Agents: 2, Servers: 8, Steps: 120, Features: make([]env.Feature, 11)}
	plan := agents.Schedule{Episodes: 320, EpisodesPerRound: 8, Updates: 1600}
	for _, test := range []struct {
		method string
		change func(s *methods.Settings)
		field  string
	}{
		{"distr-lb", func(s *methods.Settings) { s.SAC.Hidden, s.SAC.Layers = 4096, 32 }, "sac.hidden"},
		{"centr-lb", func(s *methods.Settings) { s.SAC.Batch, s.SAC.Hidden = 100_000, 4096 }, "sac.batch"},
		{"distr-lb", func(s *methods.Settings) { s.SAC.Network, s.SAC.Window = sac.Recurrent, 100_000 }, "sac.window"},
		{"distr-lb", func(s *methods.Settings) { s.SAC.Network, s.SAC.Window, s.SAC.BurnIn = sac.Recurrent, 10, 100_000 }, "sac.window"},
		{"qmix-lb", func(s *methods.Settings) { s.QMIX.Window, s.QMIX.Batch = 100_000, 100_000 }, "qmix.window"},
		{"iql-lb", func(s *methods.Settings) { s.QMIX.Window, s.QMIX.Batch = 100_000, 100_000 }, "qmix.window"},
		{"qmix-lb", func(s *methods.Settings) { s.QMIX.Hidden, s.QMIX.Layers = 4096, 32 }, "qmix.hidden"},
		{"ippo", func(s *methods.Settings) { s.PPO.Hidden, s.PPO.Layers = 4096, 32 }, "ppo.hidden"},
		{"mappo", func(s *methods.Settings) { s.PPO.Batch, s.PPO.Hidden = 100_000, 4096 }, "ppo.batch"},
		{"delay", func(s *methods.Settings) { s.Delay.Batch, s.Delay.Hidden = 100_000, 4096 }, "delay.batch"},
	} {
		s := methods.DefaultSettings()
		of, err := methods.Estimate(test.method, s, spec, plan)
		require.NoError(t, err)
		require.NoError(t, estimate.DefaultLimits().Check(of))
		test.change(&s)
		of, err = methods.Estimate(test.method, s, spec, plan)
		require.NoError(t, err)
		var exceeded *estimate.ExceededError
		require.ErrorAs(t, estimate.DefaultLimits().Check(of), &exceeded, test.field)
		require.Equal(t, test.field, exceeded.Parts[0].Fields[0])
		require.Equal(t, estimate.Memory, exceeded.Quantity)
	}
	s := methods.DefaultSettings()
	plan.Updates, plan.Episodes = 1e15, 1e9
	of, err := methods.Estimate("distr-lb", s, spec, plan)
	require.NoError(t, err)
	require.ErrorContains(t, estimate.DefaultLimits().Check(of), "multiplications in networks")
	require.Less(t, of.Total(estimate.Memory), 1e9, "a buffer holds no more than its capacity")
	_, err = methods.Estimate("magic", s, spec, plan)
	require.ErrorContains(t, err, "magic")
}
