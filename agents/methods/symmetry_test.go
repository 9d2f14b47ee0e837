package methods

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/env/envtest"
	"fairlb/sac"
)

// A parameter whose first size is this many has a row for each server: no
// other size of a network is seven.
const symmetryServers = 7

// symmetryMoves is how many steps of an episode are compared.
const symmetryMoves = 4

// turned returns x, a row for each server, with the rows in another order.
func turned(x []float32, order []int) []float32 {
	width := len(x) / len(order)
	out := make([]float32, 0, len(x))
	for _, from := range order {
		out = append(out, x[from*width:(from+1)*width]...)
	}
	return out
}

// swapHalves swaps the first and the second half of each run of so many values.
func swapHalves(x []float32, run int) {
	for ; len(x) > 0; x = x[run:] {
		for k := range run / 2 {
			x[k], x[run/2+k] = x[run/2+k], x[k]
		}
	}
}

// swapJoint swaps two LBs in a parameter of one actor that steers both: their
// features are the first rows of what the first layer reads, behind one
// another, and their actions the columns of the output.
func swapJoint(t *testing.T, p agents.Parameter, features int) {
	t.Helper()
	last := p.Shape[len(p.Shape)-1]
	switch _, name, _ := strings.Cut(p.Name, "."); name {
	case "features.mean", "features.sd", "actor.out.bias":
		swapHalves(p.Data, len(p.Data))
	case "actor.hidden1.weights", "actor.hidden1.context":
		swapHalves(p.Data[:2*features*last], 2*features*last)
	case "actor.out.weights":
		swapHalves(p.Data, last)
	case "actor.embedding", "actor.hidden1.bias", "actor.hidden2.weights", "actor.hidden2.context", "actor.hidden2.bias":
	default:
		t.Fatalf("parameter %s: say what of it belongs to an LB", p.Name)
	}
}

// swapLBs returns the parameters with those of two LBs changed for each other.
func swapLBs(t *testing.T, list []agents.Parameter, features int) []agents.Parameter {
	t.Helper()
	other := map[string]string{"lb0": "lb1", "lb1": "lb0"}
	list = copies(list)
	for i, p := range list {
		owner, name, _ := strings.Cut(p.Name, ".")
		if owner == "all" {
			swapJoint(t, p, features)
			continue
		}
		require.Contains(t, other, owner, p.Name)
		list[i].Name = other[owner] + "." + name
	}
	return list
}

// TestSymmetry: for every method, servers in another order, with the
// parameters that are a server's own in that order too, have their weights in
// that order; and LBs that change their parameters and their observations for
// each other's change their weights. A flat network, as the recurrent one is,
// has the second of these alone.
func TestSymmetry(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *Settings){
		"default": func(*Settings) {},
		"other heads": func(s *Settings) {
			s.PPO.Head = policy.Discrete
			s.SAC.Head = policy.Discrete
		},
		"recurrent": func(s *Settings) { s.SAC.Network = sac.Recurrent },
	} {
		for _, method := range Names() {
			if name == "other heads" && method != "distr-lb" && method != "ippo" || name == "recurrent" && method != "distr-lb" {
				continue
			}
			if m, err := Find(method); err == nil && m.Rule {
				continue // nothing of it belongs to a server
			}
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				settings := DefaultSettings()
				change(&settings)
				checkSymmetry(t, method, settings, name == "recurrent")
			})
		}
	}
}

func checkSymmetry(t *testing.T, method string, settings Settings, flat bool) {
	spec := envtest.NewFake(2, 5, make([]float64, symmetryServers)...).Spec()
	features := len(spec.Features)
	order := []int{4, 0, 6, 1, 3, 2, 5} // server j of the second is order[j] of the first
	rng := rand.New(rand.NewPCG(5, 5))

	learner, err := Learner(method, settings, spec, 3)
	require.NoError(t, err)
	for _, p := range learner.Parameters() { // away from equal weights
		for i := range p.Data {
			p.Data[i] += float32(0.3 * rng.NormFloat64())
			if strings.HasSuffix(p.Name, ".sd") {
				p.Data[i] = 1 + rng.Float32()
			}
		}
	}
	before := copies(learner.Parameters())
	permuted := copies(before)
	byServer := 0
	for i, p := range permuted {
		if p.Shape[0] == symmetryServers {
			permuted[i].Data = turned(p.Data, order)
			byServer++
		}
	}
	require.Equal(t, flat, byServer == 0, "parameters of servers")

	var seen [symmetryMoves][][]float32
	for k := range seen {
		seen[k] = make([][]float32, spec.Agents)
		for i := range seen[k] {
			for range symmetryServers * features {
				seen[k][i] = append(seen[k][i], 6*rng.Float32())
			}
		}
	}
	// logs plays what is seen, each step of it changed by view, and returns the
	// log-weights: of each step, LB and server.
	logs := func(parameters []agents.Parameter, view func(obs [][]float32) [][]float32) [symmetryMoves][][]float64 {
		require.NoError(t, agents.CopyParameters(learner.Parameters(), parameters))
		policy, err := learner.Policy()
		require.NoError(t, err)
		policy.Reset(1)
		var out [symmetryMoves][][]float64
		for k := range out {
			for range spec.Agents {
				out[k] = append(out[k], make([]float64, symmetryServers))
			}
			require.NoError(t, policy.Act(out[k], &env.Step{Obs: view(seen[k])}))
			for _, row := range out[k] {
				for j := range row {
					row[j] = math.Log(row[j])
				}
			}
		}
		return out
	}
	want := logs(before, func(obs [][]float32) [][]float32 { return obs })
	servers := logs(permuted, func(obs [][]float32) [][]float32 {
		return [][]float32{turned(obs[0], order), turned(obs[1], order)}
	})
	lbs := logs(swapLBs(t, before, features), func(obs [][]float32) [][]float32 {
		return [][]float32{obs[1], obs[0]}
	})
	serversDiffer, lbsDiffer := 0., 0.
	for k := range want {
		for i, row := range want[k] {
			serversDiffer = max(serversDiffer, slices.Max(row)-slices.Min(row))
			for j := range row {
				lbsDiffer = max(lbsDiffer, math.Abs(row[j]-want[k][1-i][j]))
				require.True(t, flat || math.Abs(row[order[j]]-servers[k][i][j]) < 1e-4, "step %d, LB %d, server %d", k, i, j)
				require.InDelta(t, row[j], lbs[k][1-i][j], 1e-4, "step %d, LB %d, server %d", k, i, j)
			}
		}
	}
	require.Greater(t, serversDiffer, 0.1, "the check would pass on equal servers")
	require.Greater(t, lbsDiffer, 0.1, "the check would pass on equal LBs")
}
