package nn

import (
	"math"

	"fairlb/agents/nn/simd"
)

// LayerNorm brings each row of x to mean 0 and variance 1, and scales and
// shifts its columns (Ba et al. 2016, in PyTorch's form, whose variance is that
// of the row itself, not an estimate):
//
//	(x - mean) / sqrt(variance + Epsilon) * gain + bias
//
// with x [R,F], gain and bias [F] -> [R,F].
type LayerNorm struct {
	Epsilon float64 // positive; 0 means 1e-5

	rows, cols int
	epsilon    float64
	norm       []float32 // [R,F], before gain and bias
	scale      []float64 // [R], 1 / sqrt(variance + epsilon)
}

var _ Kernel = (*LayerNorm)(nil)

// Name implements Kernel.
func (k *LayerNorm) Name() string { return "layer norm" }

// Bind implements Kernel.
func (k *LayerNorm) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 1, 1); err != nil {
		return nil, err
	}
	k.epsilon = orDefault(k.Epsilon, 1e-5)
	var f faults
	f.check(positive(k.epsilon), "Epsilon", k.Epsilon, "must be positive and finite, or 0 for 1e-5")
	if err := f.err(); err != nil {
		return nil, err
	}
	k.rows, k.cols = in[0][0], in[0][1]
	if err := WantShape("gain", in[1], k.cols); err != nil {
		return nil, err
	}
	k.norm, k.scale = make([]float32, k.rows*k.cols), make([]float64, k.rows)
	return in[0], WantShape("bias", in[2], k.cols)
}

// Forward implements Kernel. It sums in float64.
func (k *LayerNorm) Forward(out []float32, in [][]float32) {
	gain, bias := in[1], in[2]
	for r := range k.rows {
		x := in[0][r*k.cols : (r+1)*k.cols]
		var mean, variance float64
		for _, v := range x {
			mean += float64(v)
		}
		mean /= float64(k.cols)
		for _, v := range x {
			d := float64(v) - mean
			variance += d * d
		}
		scale := 1 / math.Sqrt(variance/float64(k.cols)+k.epsilon)
		k.scale[r] = scale
		norm, y := k.norm[r*k.cols:(r+1)*k.cols], out[r*k.cols:(r+1)*k.cols]
		for i, v := range x {
			n := float32((float64(v) - mean) * scale)
			norm[i], y[i] = n, n*gain[i]+bias[i]
		}
	}
}

// Backward implements Kernel: with g = dout * gain and n the normalised row,
// dx = scale (g - mean(g) - n mean(g n)).
func (k *LayerNorm) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	dx, dgain, dbias := din[0], din[1], din[2]
	gain := in[1]
	clear(dgain)
	for r := range k.rows {
		d, norm := dout[r*k.cols:(r+1)*k.cols], k.norm[r*k.cols:(r+1)*k.cols]
		if dgain != nil {
			for i, v := range d {
				dgain[i] += v * norm[i]
			}
		}
		if dx == nil {
			continue
		}
		var mean, slope float64
		for i, v := range d {
			g := float64(v) * float64(gain[i])
			mean += g
			slope += g * float64(norm[i])
		}
		mean /= float64(k.cols)
		slope /= float64(k.cols)
		row := dx[r*k.cols : (r+1)*k.cols]
		for i, v := range d {
			g := float64(v) * float64(gain[i])
			row[i] = float32(k.scale[r] * (g - mean - slope*float64(norm[i])))
		}
	}
	if dbias != nil {
		simd.SumRows(dbias, dout)
	}
}
