package onnx_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/agents/onnx"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/qmix"
	"fairlb/sac"
)

// policies are one of each kind that is exported.
var policies = []struct {
	name, method string
	change       func(s *methods.Settings)
}{
	{"distr-lb", "distr-lb", func(*methods.Settings) {}},
	{"rlb-sac", "rlb-sac", func(s *methods.Settings) { s.SAC.Layers, s.SAC.Embedding, s.SAC.Box = 1, 1, 0.5 }},
	{"distr-lb-discrete", "distr-lb", func(s *methods.Settings) { s.SAC.Head = policy.Discrete }},
	{"distr-lb-straight-through", "distr-lb", func(s *methods.Settings) {
		s.SAC.Head, s.SAC.Discrete = policy.Discrete, sac.StraightThrough
	}},
	{"distr-lb-recurrent", "distr-lb", func(s *methods.Settings) { s.SAC.Network = sac.Recurrent }},
	{"distr-lb-recurrent-windows", "distr-lb", func(s *methods.Settings) {
		s.SAC.Network, s.SAC.Hidden, s.SAC.Window, s.SAC.BurnIn = sac.Recurrent, 16, 4, 2
	}},
	{"rlb-sac-recurrent", "rlb-sac", func(s *methods.Settings) { s.SAC.Network, s.SAC.Box = sac.Recurrent, 0.5 }},
	{"centr-lb", "centr-lb", func(s *methods.Settings) { s.SAC.Layers = 3 }},
	{"centr-lb-recurrent", "centr-lb", func(s *methods.Settings) { s.SAC.Network = sac.Recurrent }},
	{"centr-lb-discrete", "centr-lb", func(s *methods.Settings) {
		s.SAC.Head, s.SAC.Discrete = policy.Discrete, sac.StraightThrough
	}},
	{"qmix-lb", "qmix-lb", func(*methods.Settings) {}},
	{"qmix-lb-levels", "qmix-lb", func(s *methods.Settings) { s.QMIX.Utility = qmix.Table }},
	{"qmix-lb-average", "qmix-lb", func(s *methods.Settings) { s.QMIX.ActionAverage = 20 }},
	{"iql-lb", "iql-lb", func(*methods.Settings) {}},
	{"ippo", "ippo", func(*methods.Settings) {}},
	{"ippo-discrete", "ippo", func(s *methods.Settings) { s.PPO.Head = "discrete" }},
	{"mappo", "mappo", func(*methods.Settings) {}},
	{"mappo-discrete", "mappo", func(s *methods.Settings) { s.PPO.Head = "discrete" }},
	{"es", "es", func(*methods.Settings) {}},
	{"es-offsets", "es", func(s *methods.Settings) { s.ES.Features = false }},
	{"delay", "delay", func(*methods.Settings) {}},
	{"delay-offsets", "delay", func(s *methods.Settings) { s.Delay.Layers = 0 }},
}

// spec is that of the environments that policies are made for.
func spec(lbs, servers, features int) env.Spec {
	s := env.Spec{Agents: lbs, Servers: servers, StepInterval: 0.5, Steps: 100, Action: env.ActionSpec{Low: math.Exp(-1.5), High: math.Exp(1.5)}}
	for k := range features {
		s.Features = append(s.Features, env.Feature{Name: fmt.Sprintf("f%d", k), Unit: "s"})
	}
	return s
}

// untrained returns a checkpoint of random parameters, and its Actor.
func untrained(t *testing.T, method string, change func(*methods.Settings), spec env.Spec, rng *rand.Rand) (checkpoint.Meta, methods.Settings, []agents.Parameter, agents.Actor) {
	t.Helper()
	s := methods.DefaultSettings()
	s.SAC.Batch, s.SAC.Capacity, s.QMIX.Batch = 4, 1, 2
	change(&s)
	learner, err := methods.Learner(method, s, spec, 1)
	require.NoError(t, err)
	parameters := learner.Parameters()
	for _, p := range parameters {
		for i := range p.Data {
			switch {
			case strings.HasSuffix(p.Name, "features.sd"):
				p.Data[i] = float32(math.Exp(rng.NormFloat64()))
			case strings.HasSuffix(p.Name, "out.weights"):
				p.Data[i] = 0.3 * float32(rng.NormFloat64())
			default:
				p.Data[i] += 0.1 * float32(rng.NormFloat64())
			}
		}
	}
	actor, err := learner.Policy()
	require.NoError(t, err)
	actor.Reset(0)
	meta := checkpoint.Meta{Method: method, Scenario: "a test's", Fingerprint: checkpoint.FingerprintOf(spec), TrainSeed: 1, Episode: 7, ContentSHA256: "abc"}
	return meta, s, parameters, actor
}

// observed draws what an LB sees in a number of states: heavy-tailed, often 0,
// now and then negative or huge.
func observed(spec env.Spec, states int, rng *rand.Rand) []float32 {
	out := make([]float32, states*spec.Servers*len(spec.Features))
	for i := range out {
		switch rng.IntN(20) {
		case 0:
		case 1:
			out[i] = -float32(rng.ExpFloat64())
		case 2:
			out[i] = float32(1e6 * rng.NormFloat64())
		case 3:
			out[i] = float32(1e-6 * rng.ExpFloat64())
		default:
			out[i] = float32(math.Exp(1.5 * rng.NormFloat64()))
		}
	}
	return out
}

// compared are observations and the weights that the Actor gives, in several
// episodes, one after the other: value [t,s] is that of step t of episode s.
type compared struct {
	Obs      map[string][]float32 `json:"obs"`     // [steps,episodes,N,F] by input
	Weights  map[string][]float64 `json:"weights"` // [steps,episodes,N] by output
	Steps    int                  `json:"steps"`
	Episodes int                  `json:"episodes"`
	Servers  int                  `json:"servers"`
	Features int                  `json:"features"`
	States   []stateEnds          `json:"states"` // that the model keeps, from its metadata
}

// stateEnds is what a model's metadata say of a state.
type stateEnds struct {
	Input   string `json:"input"`
	Output  string `json:"output"`
	Shape   []any  `json:"shape"`
	Initial string `json:"initial"`
}

// statesOf returns what a model's metadata say of its states.
func statesOf(t *testing.T, m model) []stateEnds {
	t.Helper()
	list := []stateEnds{}
	if text := m.properties["states"]; text != "" {
		require.NoError(t, json.Unmarshal([]byte(text), &list))
	}
	return list
}

func compare(t *testing.T, actor agents.Actor, spec env.Spec, steps, episodes int, rng *rand.Rand) compared {
	t.Helper()
	c := compared{map[string][]float32{}, map[string][]float64{}, steps, episodes, spec.Servers, len(spec.Features), []stateEnds{}}
	for lb := range spec.Agents {
		c.Obs[onnx.InputName(lb)] = observed(spec, steps*episodes, rng)
		c.Weights[onnx.OutputName(lb)] = make([]float64, steps*episodes*spec.Servers)
	}
	dst := make([][]float64, spec.Agents)
	step := env.Step{Obs: make([][]float32, spec.Agents)}
	width := spec.Servers * len(spec.Features)
	for s := range episodes {
		actor.Reset(0)
		for k := range steps {
			row := k*episodes + s
			for lb := range step.Obs {
				step.Obs[lb] = c.Obs[onnx.InputName(lb)][row*width : (row+1)*width]
				dst[lb] = c.Weights[onnx.OutputName(lb)][row*spec.Servers : (row+1)*spec.Servers]
			}
			require.NoError(t, actor.Act(dst, &step))
		}
	}
	return c
}

// play runs a model over the steps of all episodes and returns its weights as
// those of compared. It gives states back, or zeros at each step if forget is set.
func (c compared) play(t *testing.T, m model, forget bool) map[string][]float64 {
	t.Helper()
	states := map[string]array{}
	zeros := func(s stateEnds) array {
		require.Equal(t, "zeros", s.Initial)
		require.Equal(t, "batch", s.Shape[0])
		dims := []int{c.Episodes, int(s.Shape[1].(float64))}
		return array{dims: dims, data: make([]float64, size(dims))}
	}
	list := statesOf(t, m)
	for _, s := range list {
		states[s.Input] = zeros(s)
	}
	weights := map[string][]float64{}
	for k := range c.Steps {
		in := map[string]array{}
		for name, data := range c.Obs {
			a := array{dims: []int{c.Episodes, c.Servers, c.Features}}
			each := size(a.dims)
			for _, v := range data[k*each : (k+1)*each] {
				a.data = append(a.data, float64(v))
			}
			in[name] = a
		}
		maps.Copy(in, states)
		out := m.run(t, in)
		for name := range c.Weights {
			if a, found := out[name]; found {
				require.Equal(t, []int{c.Episodes, c.Servers}, a.dims)
				weights[name] = append(weights[name], a.data...)
			}
		}
		for _, s := range list {
			if states[s.Input] = out[s.Output]; forget {
				states[s.Input] = zeros(s)
			}
		}
	}
	return weights
}

// TestExportActs: for every kind of policy and several sizes, the exported
// graph gives the Actor's weights, to 1e-5, over episodes in which the state is
// given back, and not the same ones everywhere.
func TestExportActs(t *testing.T) {
	t.Parallel()
	for _, p := range policies {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for k, spec := range []env.Spec{spec(2, 5, 3), spec(1, 1, 1), spec(3, 8, 11)} {
				rng := rand.New(rand.NewPCG(uint64(k), 1))
				meta, s, parameters, actor := untrained(t, p.method, p.change, spec, rng)
				data, err := methods.Export(meta, s, parameters, allLBs(spec)...)
				require.NoError(t, err)
				m := load(t, data)
				c := compare(t, actor, spec, 50, 2, rng)
				got := c.play(t, m, false)
				states := len(statesOf(t, m))
				require.Len(t, m.inputs, spec.Agents+states)
				require.Len(t, m.outputs, spec.Agents+states)
				for lb := range spec.Agents {
					require.Equal(t, []int{-1, spec.Servers, len(spec.Features)}, m.dims[onnx.InputName(lb)])
					require.Equal(t, []int{-1, spec.Servers}, m.dims[onnx.OutputName(lb)])
					out := got[onnx.OutputName(lb)]
					require.InDeltaSlice(t, c.Weights[onnx.OutputName(lb)], out, 1e-5)
					for _, w := range out {
						require.True(t, w >= spec.Action.Low && w <= spec.Action.High)
					}
					if spec.Servers > 1 {
						require.NotEqual(t, slices.Min(out), slices.Max(out), "the check would pass on equal weights")
					}
				}
			}
		})
	}
}

// allLBs are the LBs of an environment.
func allLBs(spec env.Spec) []int {
	lbs := make([]int, spec.Agents)
	for i := range lbs {
		lbs[i] = i
	}
	return lbs
}

// TestExportState: the model of a recurrent policy has an input and an output for
// each state, which its metadata name, and the state makes a difference.
func TestExportState(t *testing.T) {
	t.Parallel()
	spec := spec(3, 4, 2)
	recurrent := func(s *methods.Settings) { s.SAC.Network, s.SAC.Hidden = sac.Recurrent, 24 }
	for _, test := range []struct {
		method          string
		lbs             []int
		inputs, outputs []string
		states          string
	}{
		{"distr-lb", []int{0, 2}, []string{"obs_0", "obs_2", "state_0", "state_2"},
			[]string{"weights_0", "weights_2", "next_state_0", "next_state_2"},
			`[{"input":"state_0","output":"next_state_0","shape":["batch",24],"initial":"zeros"},` +
				`{"input":"state_2","output":"next_state_2","shape":["batch",24],"initial":"zeros"}]`},
		{"centr-lb", []int{1}, []string{"obs_0", "obs_1", "obs_2", "state_all"}, []string{"weights_1", "next_state_all"},
			`[{"input":"state_all","output":"next_state_all","shape":["batch",24],"initial":"zeros"}]`},
	} {
		rng := rand.New(rand.NewPCG(5, 1))
		meta, s, parameters, actor := untrained(t, test.method, recurrent, spec, rng)
		data, err := methods.Export(meta, s, parameters, test.lbs...)
		require.NoError(t, err)
		m := load(t, data)
		require.Equal(t, test.inputs, m.inputs)
		require.Equal(t, test.outputs, m.outputs)
		require.Equal(t, test.states, m.properties["states"])
		c := compare(t, actor, spec, 60, 3, rng)
		kept, forgot := c.play(t, m, false), c.play(t, m, true)
		for _, lb := range test.lbs {
			name := onnx.OutputName(lb)
			require.InDeltaSlice(t, c.Weights[name], kept[name], 1e-5)
			differ := 0
			for i, w := range c.Weights[name] {
				if math.Abs(w-forgot[name][i]) > 1e-3 {
					differ++
				}
			}
			require.Greater(t, differ, len(kept[name])/2, "the check would pass on a model that forgets")
		}
		for _, state := range statesOf(t, m) {
			require.Equal(t, []int{-1, 24}, m.dims[state.Input])
			require.Equal(t, []int{-1, 24}, m.dims[state.Output])
		}
	}
}

// TestExportOne: the model of one LB is that part of the whole, and it asks for
// no other's observations unless the method does.
func TestExportOne(t *testing.T) {
	t.Parallel()
	spec := spec(3, 4, 2)
	for method, inputs := range map[string][]string{"distr-lb": {"obs_1"}, "centr-lb": {"obs_0", "obs_1", "obs_2"}} {
		rng := rand.New(rand.NewPCG(3, 1))
		meta, s, parameters, actor := untrained(t, method, func(*methods.Settings) {}, spec, rng)
		data, err := methods.Export(meta, s, parameters, 1)
		require.NoError(t, err)
		m := load(t, data)
		require.Equal(t, inputs, m.inputs)
		require.Equal(t, []string{"weights_1"}, m.outputs)
		require.Equal(t, map[string]string{
			"method": method, "scenario": "a test's", "train_seed": "1", "episodes": "7", "checkpoint_sha256": "abc",
			"features": `["f0 [s]","f1 [s]"]`, "step_interval_s": "0.5",
		}, m.properties)
		c := compare(t, actor, spec, 1, 10, rng)
		require.InDeltaSlice(t, c.Weights["weights_1"], c.play(t, m, false)["weights_1"], 1e-5)
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	spec := spec(2, 3, 2)
	meta, s, parameters, _ := untrained(t, "distr-lb", func(*methods.Settings) {}, spec, rand.New(rand.NewPCG(1, 1)))
	for _, lbs := range [][]int{{}, {-1}, {2}, {1, 0}, {0, 0}} {
		_, err := methods.Export(meta, s, parameters, lbs...)
		require.EqualError(t, err, fmt.Sprintf("onnx: LBs %v: want some of 0 to 1, in order", lbs))
	}
	_, err := methods.Export(meta, s, parameters[1:], 0)
	require.ErrorIs(t, err, agents.ErrParameters)
	s.SAC.Hidden = 3
	_, err = methods.Export(meta, s, parameters, 0)
	require.ErrorIs(t, err, agents.ErrParameters)
	meta.Method = "sed"
	_, err = methods.Export(meta, s, parameters, 0)
	require.ErrorContains(t, err, `method "sed"`)
}

// TestEveryMethod: there is no method whose policy is not tried above.
func TestEveryMethod(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, p := range policies {
		tried[p.method] = true
	}
	for _, method := range methods.Names() {
		m, err := methods.Find(method)
		require.NoError(t, err)
		require.NotEqual(t, m.Rule, tried[method], "%s: TestExportRule tries rules", method)
	}
}

// TestExportRule: the model of a dispatch rule gives the weights and offsets of the rule, to 1e-5,
// for any number of servers.
func TestExportRule(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(8, 9))
	meta, s, parameters, _ := untrained(t, "universal", func(*methods.Settings) {}, spec(2, 5, 3), rng)
	data, err := methods.Export(meta, s, parameters)
	require.NoError(t, err)
	m := load(t, data)
	policy, err := methods.RulePolicy(meta, s, parameters)
	require.NoError(t, err)
	require.Equal(t, []int{-1, -1, len(onnx.RuleFeatures())}, m.dims["features"])
	for _, servers := range []int{1, 2, 33} {
		o := dispatch.Options{LB: 1, LBs: 3}
		for range servers {
			o.Capacity = append(o.Capacity, float64(1+rng.IntN(8)))
		}
		long, err := dispatch.NewCapacities(servers, dispatch.DefaultSelfTuning())
		require.NoError(t, err)
		score, err := dispatch.NewLearnedScore(policy, long, o)
		require.NoError(t, err)
		for range 20 * servers {
			j, times := rng.IntN(servers), rng.ExpFloat64()
			long.Add(j, 1, float64(1+rng.IntN(3)), times*float64(1+j))
			score.Add(j, 1, float64(1+rng.IntN(3)), times*float64(1+j))
		}
		in := array{dims: []int{1, servers, len(onnx.RuleFeatures())}}
		for j := range servers {
			score.Refresh(j)
			in.data = append(in.data, score.Features(j)...)
		}
		out := m.run(t, map[string]array{"features": in.rounded()})
		for j := range servers {
			require.InEpsilon(t, score.Weight(j), out["weights"].data[j], 1e-5)
			require.InEpsilon(t, score.Offset(j), out["offsets"].data[j], 1e-5)
		}
	}
}

// TestWriteCases writes models, the observations of twenty episodes of sixty steps
// each and the Actor's weights, for make onnx-check, where another runtime is asked.
func TestWriteCases(t *testing.T) {
	dir := os.Getenv("FAIRLB_ONNX_CASES")
	if dir == "" {
		t.Skip("FAIRLB_ONNX_CASES names no folder: see make onnx-check")
	}
	require.NoError(t, os.MkdirAll(dir, 0o777))
	for _, p := range policies {
		spec, rng := spec(2, 8, 11), rand.New(rand.NewPCG(9, 9))
		meta, s, parameters, actor := untrained(t, p.method, p.change, spec, rng)
		data, err := methods.Export(meta, s, parameters, 0, 1)
		require.NoError(t, err)
		c := compare(t, actor, spec, 60, 20, rng)
		c.States = statesOf(t, load(t, data))
		text, err := json.Marshal(c)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, p.name+".onnx"), data, 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(dir, p.name+".json"), text, 0o666))
	}
}
