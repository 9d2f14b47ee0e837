package methods

import (
	"bytes"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/qmix"
	"fairlb/sac"
)

// trained returns the parameters of a learner of the variant after a few rounds.
func trained(t *testing.T, v variant) []agents.Parameter {
	t.Helper()
	l := v.learner(t, 3)
	for k := range stateRounds {
		trainRound(t, l, k)
	}
	return copies(l.Parameters())
}

// statistics are those of the parameters that normalise features.
func statistics(list []agents.Parameter) []agents.Parameter {
	return slices.DeleteFunc(copies(list), func(p agents.Parameter) bool { return !strings.Contains(p.Name, "features.") })
}

// TestBegin: a learner of every method begins at the policy of another, keeps the
// statistics of its features, and explores and learns from there: where rates are next to
// nothing and nothing is averaged, it stays there. Saved and restored it goes on alike.
func TestBegin(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.method+" "+v.name, func(t *testing.T) {
			t.Parallel()
			given := trained(t, v)
			for _, p := range given {
				if strings.Contains(p.Name, "features.") {
					for i := range p.Data {
						p.Data[i] += 0.25 // the episodes below would give those that are there
					}
				}
			}
			still := v
			still.set = func(s *Settings) {
				v.set(s)
				const rate = 1e-12
				s.SAC.Rate, s.SAC.Average, s.SAC.CriticRounds = rate, 0, 0
				s.QMIX.Rate, s.QMIX.Average = rate, 0
				s.PPO.Rate, s.PPO.Average = rate, 0
				s.Delay.Rate, s.Delay.ChoiceRate, s.Delay.Average = rate, rate, 0
				s.ES.Rate, s.ES.Average = rate, 0
				s.Universal.Rate, s.Universal.Average = rate, 0
			}
			l, other := still.learner(t, 4), still.learner(t, 5)
			require.ErrorIs(t, l.Begin(given[1:]), agents.ErrParameters)
			require.NoError(t, l.Begin(given))
			require.NoError(t, other.Begin(given))
			require.Equal(t, given, l.Parameters())
			for k := range stateRounds {
				if k == stateRounds/2 {
					require.NoError(t, other.(agents.Saver).Restore(bytes.NewReader(saved(t, l))))
				}
				stats := trainRound(t, l, k)
				if k >= stateRounds/2 {
					require.Equal(t, stats, trainRound(t, other, k), "figures of round %d", k)
				}
			}
			require.Equal(t, statistics(given), statistics(l.Parameters()))
			require.Equal(t, l.Parameters(), other.Parameters())
			for i, p := range l.Parameters() {
				require.InDeltaSlice(t, given[i].Data, p.Data, 1e-5, p.Name)
			}
		})
	}
}

// TestBeginCritics: a soft actor-critic that begins at a policy keeps it for as many
// rounds as critics are trained alone.
func TestBeginCritics(t *testing.T) {
	t.Parallel()
	v := variant{method: "distr-lb", set: func(s *Settings) { s.SAC.CriticRounds = 2 }}
	given := trained(t, v)
	l := v.learner(t, 4)
	require.NoError(t, l.Begin(given))
	for k := range 3 {
		require.Equal(t, given, l.Parameters(), "before round %d", k)
		trainRound(t, l, k)
	}
	require.NotEqual(t, given, l.Parameters())
}

// changedFields returns settings of a section, each of which differs in one field, by the
// field's name in a file. Of names, those have another that a policy could depend on.
func changedFields(s Settings, section string) map[string]Settings {
	of := func(s *Settings) reflect.Value {
		v := reflect.ValueOf(s).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("yaml") == section {
				return v.Field(i)
			}
		}
		panic(section)
	}
	others := map[string]string{}
	for _, pair := range [][2]string{
		{string(policy.Gaussian), string(policy.Discrete)}, {string(sac.Equivariant), string(sac.Recurrent)},
		{string(qmix.Quadratic), string(qmix.Table)}, {string(sac.Exact), string(sac.StraightThrough)},
	} {
		others[pair[0]], others[pair[1]] = pair[1], pair[0]
	}
	out := map[string]Settings{}
	for i := range of(&s).NumField() {
		changed := s
		field := of(&changed).Field(i)
		switch field.Kind() {
		case reflect.Float64:
			field.SetFloat(0.9*field.Float() + 0.01)
		case reflect.Int:
			field.SetInt(field.Int() + 1)
		case reflect.Bool:
			field.SetBool(!field.Bool())
		case reflect.Slice:
			field.Set(reflect.ValueOf(slices.Clone(field.Interface().([]float64))))
			field.Index(0).SetFloat(field.Index(0).Float() - 0.1)
		default:
			other, ok := others[field.String()]
			if !ok {
				continue
			}
			field.SetString(other)
		}
		name, _, _ := strings.Cut(of(&changed).Type().Field(i).Tag.Get("yaml"), ",")
		out[name] = changed
	}
	return out
}

// TestPolicySettings: of every method, under both heads where there are two, a setting by
// which the same parameters act otherwise, or have other shapes, is one of Method.Policy,
// and a policy is refused under it; under any other it begins.
func TestPolicySettings(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		switch v.name {
		case "gaussian", "discrete", "recurrent", "joint", "quadratic", "levels", "local", "central", "fit and choice", "pairs", "any pool":
			t.Run(v.method+" "+v.name, func(t *testing.T) {
				t.Parallel()
				checkPolicySettings(t, v)
			})
		}
	}
}

func checkPolicySettings(t *testing.T, v variant) {
	settings := smallSettings()
	v.set(&settings)
	m, err := Find(v.method)
	require.NoError(t, err)
	fields := changedFields(settings, m.Section)
	meta := checkpoint.Meta{Method: v.method, Fingerprint: checkpoint.FingerprintOf(stateSpec)}
	for _, field := range m.Policy {
		require.Contains(t, slices.Collect(maps.Keys(fields)), field)
		_, err := CheckBeginning(meta, settings, v.method, fields[field], stateSpec)
		require.ErrorIs(t, err, checkpoint.ErrMismatch)
		require.ErrorContains(t, err, "trained with "+m.Section+"."+field+" = ")
		delete(fields, field)
	}
	given := trained(t, v)
	want := acts(t, v.learner(t, 1), given)
	for field, changed := range fields {
		learner, err := Learner(v.method, changed, stateSpec, 2)
		if err != nil {
			continue // the setting does not go with another
		}
		_, err = CheckBeginning(meta, settings, v.method, changed, stateSpec)
		require.NoError(t, err, field)
		require.Equal(t, want, acts(t, learner, given), field)
	}
}

// acts returns what the policy of a learner that begins with the parameters does, given
// what LBs observe.
func acts(t *testing.T, learner agents.Learner, parameters []agents.Parameter) (out []float64) {
	t.Helper()
	require.NoError(t, learner.Begin(parameters))
	if l, ok := learner.(agents.RuleLearner); ok {
		policy, err := l.Rule()
		require.NoError(t, err)
		return slices.Concat(policy.Weight[:], policy.Offset[:], policy.Common[:])
	}
	actor, err := learner.Policy()
	require.NoError(t, err)
	actor.Reset(0)
	weights := stateSpec.NewActions()
	for k := range 3 {
		step := env.Step{Obs: make([][]float32, stateSpec.Agents)}
		for i := range step.Obs {
			for j := range stateSpec.Servers * len(stateSpec.Features) {
				step.Obs[i] = append(step.Obs[i], float32(math.Abs(3*math.Sin(float64(7*k+3*i+j)))))
			}
		}
		require.NoError(t, actor.Act(weights, &step))
		for _, row := range weights {
			out = append(out, row...)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// TestCheckBeginning: what does not fit is named, all at once; a dispatch rule fits any
// pool, and other steps and bounds are doubts.
func TestCheckBeginning(t *testing.T) {
	t.Parallel()
	meta := checkpoint.Meta{Method: "es", Fingerprint: checkpoint.FingerprintOf(stateSpec)}
	s, other := DefaultSettings(), DefaultSettings()
	other.ES.Box, other.ES.Rate = 1, 0.5
	wide := stateSpec
	wide.Servers, wide.StepInterval, wide.Action.High = 4, 0.25, 9
	_, err := CheckBeginning(meta, s, "es", other, wide)
	require.EqualError(t, err, "trained for 2 LBs and 3 servers; the scenario has 2 LBs and 4 servers; trained with es.box = 1.5; the run has 1")
	_, err = CheckBeginning(meta, s, "delay", s, stateSpec)
	require.EqualError(t, err, "trained by the method es; the run is of delay")
	wide.Servers = stateSpec.Servers
	doubts, err := CheckBeginning(meta, s, "es", s, wide)
	require.NoError(t, err)
	require.Len(t, doubts, 2)
	require.Equal(t, "trained for steps of 0.5 s; the scenario has steps of 0.25 s", doubts[0])
	meta.Method, wide.Agents, wide.Servers = "universal", 5, 9
	doubts, err = CheckBeginning(meta, s, "universal", s, wide)
	require.NoError(t, err)
	require.Empty(t, doubts)
}
