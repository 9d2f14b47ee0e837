package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

// torchVectors is testdata/torch/kernels.json, which vectors.py beside it
// makes with PyTorch.
type torchVectors struct {
	nntest.Source
	Kernels    []torchKernel    `json:"kernels"`
	Optimisers []torchOptimiser `json:"optimisers"`
}

// torchKernel is an operation: its inputs, its output, and the gradients by
// the inputs, null for constants, that the gradient dout by the output gives.
type torchKernel struct {
	Kernel  string             `json:"kernel"`
	Options map[string]float64 `json:"options"`
	In      []nntest.Tensor    `json:"in"`
	Out     nntest.Tensor      `json:"out"`
	Dout    nntest.Tensor      `json:"dout"`
	Din     []*nntest.Tensor   `json:"din"`
}

// torchOptimiser is a few steps of an optimiser.
type torchOptimiser struct {
	Optimiser   string    `json:"optimiser"`
	Rate        float64   `json:"rate"`
	MaxNorm     float64   `json:"max_norm"` // 0 for no clipping
	WeightDecay float64   `json:"weight_decay"`
	Values      []float32 `json:"values"`
	Steps       []struct {
		Gradient []float32 `json:"gradient"`
		Norm     float64   `json:"norm"` // of the gradient, before clipping
		Values   []float32 `json:"values"`
	} `json:"steps"`
}

func readTorch(t *testing.T) (v torchVectors) {
	t.Helper()
	nntest.ReadReference(t, "testdata/torch/kernels.json", &v)
	return v
}

// kernel returns the kernel of a case, nil if there is none of its name.
func (c torchKernel) kernel() nn.Kernel {
	option := func(name string) float32 { return float32(c.Options[name]) }
	switch c.Kernel {
	case "dense identity":
		return new(nn.Dense)
	case "dense relu":
		return &nn.Dense{Act: nn.ReLU}
	case "dense tanh":
		return &nn.Dense{Act: nn.Tanh}
	case "gru":
		return &nn.GRU{Steps: int(c.Options["steps"])}
	case "log-softmax":
		return new(nn.LogSoftmax)
	case "entropy":
		return new(nn.Entropy)
	case "expectation":
		return new(nn.Expectation)
	case "gather":
		return new(nn.Gather)
	case "squashed Gaussian":
		return &nn.SquashedGaussian{Box: option("box"), Sigma: option("sigma")}
	case "mean square":
		return new(nn.MeanSquare)
	}
	return nil
}

// check runs k on the case and compares its output and gradients with
// PyTorch's, which are exact to the last bit of float32.
func (c torchKernel) check(t *testing.T, k nn.Kernel) {
	t.Helper()
	const tolerance = 2e-6
	shapes, in, din := make([][]int, len(c.In)), make([][]float32, len(c.In)), make([][]float32, len(c.In))
	unset := func(n int) []float32 { // what was there must not matter
		x := make([]float32, n)
		nn.Constant(float32(math.NaN()))(x)
		return x
	}
	for i, x := range c.In {
		shapes[i], in[i] = x.Shape, x.Data
		if c.Din[i] != nil {
			din[i] = unset(len(x.Data))
		}
	}
	shape, err := k.Bind(shapes...)
	require.NoError(t, err)
	require.Equal(t, c.Out.Shape, shape)
	out := unset(len(c.Out.Data))
	k.Forward(out, in)
	nntest.Close(t, "output", c.Out.Data, out, tolerance, 1)
	k.Backward(din, c.Dout.Data, out, in)
	for i, want := range c.Din {
		if want != nil {
			nntest.Close(t, fmt.Sprintf("gradient by input %d", i), want.Data, din[i], tolerance, 1)
		}
	}
}

// Every kernel that PyTorch has an equal of gives its values and gradients.
func TestKernelsAgreeWithPyTorch(t *testing.T) {
	t.Parallel()
	v := readTorch(t)
	require.Equal(t, "PyTorch", v.Tool)
	seen := make(map[string]int)
	for _, c := range v.Kernels {
		k := c.kernel()
		require.NotNil(t, k, c.Kernel)
		seen[c.Kernel]++
		t.Run(fmt.Sprintf("%s %v %v", c.Kernel, c.In[0].Shape, c.Options), func(t *testing.T) {
			t.Parallel()
			c.check(t, k)
		})
	}
	require.Len(t, seen, 10)
}

// Three steps of Adam and AdamW after clip_grad_norm_ give PyTorch's values.
func TestOptimisersAgreeWithPyTorch(t *testing.T) {
	t.Parallel()
	count := 0
	for _, o := range readTorch(t).Optimisers {
		count++
		adam, values := nn.NewAdam(len(o.Values), nn.AdamConfig{WeightDecay: o.WeightDecay, MaxNorm: o.MaxNorm}), o.Values
		for i, s := range o.Steps {
			norm, err := adam.Step(values, s.Gradient, o.Rate)
			require.NoError(t, err)
			require.InEpsilon(t, s.Norm, norm, 1e-6)
			nntest.Close(t, fmt.Sprintf("%s, step %d", o.Optimiser, i+1), s.Values, values, 1e-6, 1)
		}
	}
	require.Equal(t, 4, count)
}
