package peer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

// torchUpdates is nn's testdata/torch/update.json, which vectors.py beside it
// makes with PyTorch.
type torchUpdates struct {
	nntest.Source
	Shape         Sizes         `json:"shape"`
	TargetEntropy float64       `json:"target_entropy"` // in nats
	Losses        []torchLosses `json:"losses"`
	Updates       []torchUpdate `json:"updates"`
}

// torchLosses are the losses and the gradient of their sum by the actor's
// logits and the critics' rows.
type torchLosses struct {
	Alpha        float32          `json:"alpha"`
	Logits       nntest.Tensor    `json:"logits"`
	Critics      [2]nntest.Tensor `json:"critics"`
	Targets      [2]nntest.Tensor `json:"targets"`
	Actions      nntest.Tensor    `json:"actions"`
	Rewards      nntest.Tensor    `json:"rewards"`
	Y            nntest.Tensor    `json:"y"`
	CriticLosses [2]float32       `json:"critic_losses"`
	ActorLoss    float32          `json:"actor_loss"`
	Entropy      float64          `json:"entropy"`
	DLogits      nntest.Tensor    `json:"dlogits"`
	DCritics     [2]nntest.Tensor `json:"dcritics"`
}

// torchUpdate is a few updates of a batch: what they start from, each one's
// losses, and the networks after the last.
type torchUpdate struct {
	Observations nntest.Tensor            `json:"observations"`
	Actions      nntest.Tensor            `json:"actions"`
	Rewards      nntest.Tensor            `json:"rewards"`
	Before       map[string]nntest.Tensor `json:"before"`
	Steps        []struct {
		Losses   []float32 `json:"losses"` // critics, actor
		Entropy  float64   `json:"entropy"`
		LogAlpha float32   `json:"log_alpha"`
	} `json:"steps"`
	After        map[string]nntest.Tensor `json:"after"`
	TargetsAfter map[string]nntest.Tensor `json:"targets_after"`
	LogitsAfter  nntest.Tensor            `json:"logits_after"` // at all observations
}

func readTorch(t *testing.T) (v torchUpdates) {
	t.Helper()
	nntest.ReadReference(t, "../testdata/torch/update.json", &v)
	require.Equal(t, "PyTorch", v.Tool)
	require.NotEmpty(t, v.Losses)
	require.NotEmpty(t, v.Updates)
	return v
}

// The target, the losses, and what of them flows back, are PyTorch's.
func TestLossesAgreeWithPyTorch(t *testing.T) {
	t.Parallel()
	v := readTorch(t)
	h := heads{v.Shape.Servers, v.Shape.Levels}
	for _, c := range v.Losses {
		arena := nn.NewArena()
		param := func(name string, x nntest.Tensor) *nn.Param {
			return arena.Add(name, func(dst []float32) { copy(dst, x.Data) }, x.Shape...)
		}
		logits := param("logits", c.Logits)
		rows := [2]*nn.Param{param("critic1", c.Critics[0]), param("critic2", c.Critics[1])}
		g := nn.NewGraph(arena)
		input := func(data []float32, shape ...int) *nn.Node {
			n := g.Input("input", shape...)
			require.Equal(t, len(n.Data()), copy(n.Data(), data))
			return n
		}
		count := len(c.Rewards.Data)
		alpha := input([]float32{c.Alpha}, 1)
		actions := input(c.Actions.Data, count, h.servers)
		logp := g.Apply(&nn.LogSoftmax{Levels: h.levels}, g.Param(logits))
		y := g.Apply(&target{heads: h, discount: discount}, g.Detach(logp),
			input(c.Targets[0].Data, c.Targets[0].Shape...), input(c.Targets[1].Data, c.Targets[1].Shape...),
			input(c.Rewards.Data, count, 1), alpha)
		q1, q2 := g.Param(rows[0]), g.Param(rows[1])
		critic1 := g.Apply(&criticLoss{heads: h}, q1, actions, y)
		critic2 := g.Apply(&criticLoss{heads: h}, q2, actions, y)
		policy := &policyLoss{heads: h}
		actor := g.Apply(policy, logp, g.Detach(q1), g.Detach(q2), alpha)
		program, err := g.Compile(g.Apply(&nn.WeightedSum{Weights: []float32{1, 1, 1}}, critic1, critic2, actor))
		require.NoError(t, err)
		program.Run()

		const tolerance = 2e-6
		nntest.Close(t, "y", c.Y.Data, y.Data(), tolerance, 1)
		nntest.Close(t, "losses", []float32{c.CriticLosses[0], c.CriticLosses[1], c.ActorLoss},
			[]float32{critic1.Data()[0], critic2.Data()[0], actor.Data()[0]}, tolerance, 1)
		require.InDelta(t, c.Entropy, policy.entropy, 1e-6)
		want := append(append(c.DLogits.Data, c.DCritics[0].Data...), c.DCritics[1].Data...)
		nntest.Close(t, "gradient", want, program.Gradient(), tolerance, 0.1)
	}
}

// load writes values into parameters of the same names.
func load(t *testing.T, dst []agents.Parameter, values map[string]nntest.Tensor) {
	t.Helper()
	var src []agents.Parameter
	for name, x := range values {
		src = append(src, agents.Parameter{Name: name, Shape: x.Shape, Data: x.Data})
	}
	require.NoError(t, agents.CopyParameters(dst, src))
}

// compare checks parameters against those of the same names.
func compare(t *testing.T, what string, tolerance float64, want map[string]nntest.Tensor, got []agents.Parameter) {
	t.Helper()
	require.Len(t, got, len(want))
	for _, p := range got {
		require.Equal(t, want[p.Name].Shape, p.Shape, p.Name)
		nntest.Close(t, what+p.Name, want[p.Name].Data, p.Data, tolerance, 0.01)
	}
}

// torchTolerance bounds the error of a parameter after three updates, relative
// to its value. Adam's first steps divide a gradient by its own size, so that
// rounding in a small one weighs as much as in a large one.
const torchTolerance = 1e-5

// Three updates in one graph are those of PyTorch, which runs the actor twice
// and each critic by itself, with an optimiser each.
func TestUpdatesAgreeWithPyTorch(t *testing.T) {
	t.Parallel()
	v := readTorch(t)
	for _, c := range v.Updates {
		u, err := New(v.Shape, 1, nil)
		require.NoError(t, err)
		require.InDelta(t, v.TargetEntropy, u.targetEntropy, 1e-9) // Adam's first steps hardly show it
		load(t, u.Parameters(), c.Before)
		critics := make(map[string]nntest.Tensor) // which the targets start from
		for name, x := range c.Before {
			if strings.HasPrefix(name, "critic") {
				critics[name] = x
			}
		}
		load(t, u.Targets(), critics)
		obs, actions, rewards := u.Batch()
		require.Equal(t, len(obs), copy(obs, c.Observations.Data))
		require.Equal(t, len(actions), copy(actions, c.Actions.Data))
		require.Equal(t, len(rewards), copy(rewards, c.Rewards.Data))

		for i, s := range c.Steps {
			require.NoError(t, u.Step())
			what := fmt.Sprintf("update %d", i+1)
			nntest.Close(t, what+": sum of losses", []float32{s.Losses[0] + s.Losses[1] + s.Losses[2]}, []float32{u.Loss()}, 1e-5, 1)
			require.InDelta(t, s.Entropy, u.policy.entropy, 1e-5, what)
			require.InDelta(t, s.LogAlpha, u.LogAlpha(), 1e-6, what)
		}
		compare(t, "", torchTolerance, c.After, u.Parameters())
		compare(t, "target ", 1e-6, c.TargetsAfter, u.Targets())

		// The actor that has learned acts as PyTorch's does, step by step.
		cols := v.Shape.Observation()
		for i := range v.Shape.Steps + 1 { // of the first sequence
			row := i * v.Shape.Batch
			want := c.LogitsAfter.Data[row*c.LogitsAfter.Shape[1]:][:c.LogitsAfter.Shape[1]]
			nntest.Close(t, fmt.Sprintf("logits of step %d", i), want, u.Act(obs[row*cols:(row+1)*cols]), torchTolerance, 1)
		}
	}
}
