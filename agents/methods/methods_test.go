package methods

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/env"
	"fairlb/env/envtest"
	"fairlb/env/settings"
)

// weights returns what an actor does at the start of an episode of a Fake.
func weights(t *testing.T, actor agents.Actor, e env.Env) [][]float64 {
	t.Helper()
	step, err := e.Reset(context.Background(), 5)
	require.NoError(t, err)
	spec := e.Spec()
	dst := make([][]float64, spec.Agents)
	for i := range dst {
		dst[i] = make([]float64, spec.Servers)
	}
	actor.Reset(1)
	require.NoError(t, actor.Act(dst, &step))
	require.NoError(t, spec.CheckActions(dst))
	return dst
}

// copies returns the parameters with data of their own.
func copies(list []agents.Parameter) []agents.Parameter {
	list = slices.Clone(list)
	for i := range list {
		list[i].Data = slices.Clone(list[i].Data)
	}
	return list
}

// TestPolicy: for every method, a policy from a checkpoint's parameters is the
// learner's own.
func TestPolicy(t *testing.T) {
	t.Parallel()
	fake := envtest.NewFake(2, 5, 1, 2, 3)
	spec := fake.Spec()
	for _, method := range Names() {
		if m, err := Find(method); err == nil && m.Rule {
			continue // which acts by counts, and equally without
		}
		learner, err := Learner(method, DefaultSettings(), spec, 3)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(1, 1))
		for _, p := range learner.Parameters() { // away from equal weights
			for i := range p.Data {
				p.Data[i] += 0.1 * float32(rng.NormFloat64())
			}
		}
		own, err := learner.Policy()
		require.NoError(t, err)
		want := weights(t, own, fake)

		meta := checkpoint.Meta{Method: method, Fingerprint: checkpoint.FingerprintOf(spec), TrainSeed: 8}
		policy, err := Policy(meta, DefaultSettings(), copies(learner.Parameters()), spec)
		require.NoError(t, err)
		require.Equal(t, want, weights(t, policy, fake))
		all := slices.Concat(want...)
		require.NotEqual(t, slices.Min(all), slices.Max(all), "the check would pass on equal weights")
	}
}

func TestPolicyRefuses(t *testing.T) {
	t.Parallel()
	spec := envtest.NewFake(2, 5, 1, 2, 3).Spec()
	learner, err := Learner("distr-lb", DefaultSettings(), spec, 3)
	require.NoError(t, err)
	meta := checkpoint.Meta{Method: "distr-lb", Fingerprint: checkpoint.FingerprintOf(spec)}
	parameters := copies(learner.Parameters())

	_, err = Policy(meta, DefaultSettings(), parameters, envtest.NewFake(2, 5, 1, 2).Spec())
	require.ErrorIs(t, err, checkpoint.ErrMismatch)

	_, err = Policy(meta, DefaultSettings(), parameters[1:], spec)
	require.ErrorIs(t, err, agents.ErrParameters)

	meta.Method = "magic"
	_, err = Policy(meta, DefaultSettings(), parameters, spec)
	require.EqualError(t, err, `methods: method "magic": must be one of distr-lb, rlb-sac, centr-lb, qmix-lb, iql-lb, ippo, mappo, delay, es, universal, universal-carried`)
}

func TestSettingsNameTheirSection(t *testing.T) {
	t.Parallel()
	s := DefaultSettings()
	kind := errors.New("kind")
	require.NoError(t, settings.Faults(kind, &s))
	s.SAC.Gamma, s.QMIX.Lambda = 1, 2
	require.EqualError(t, settings.Faults(kind, &s), "kind: sac.gamma = 1: must be in [0, 1)\nkind: qmix.lambda = 2: must be in [0, 1]")
}

// TestEveryMethodIsWhole: no line of the table leaves out what others call.
func TestEveryMethodIsWhole(t *testing.T) {
	t.Parallel()
	for _, m := range table() {
		require.NotEmpty(t, m.Name)
		require.NotEmpty(t, m.Section, m.Name)
		require.NotNil(t, m.New, m.Name)
		require.NotNil(t, m.Estimate, m.Name)
		require.Equal(t, m.Rule, m.Export == nil, m.Name)
	}
}
