package qmix

import (
	"fmt"
	"math"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// Columns of what the network of a quadratic utility gives per server.
const (
	valueColumn     = iota // V_j
	slopeColumn            // b_j
	curvatureColumn        // of which softplus makes c_j
	shareColumn            // of which a softmax over servers makes w_j
	quadraticColumns
)

// leastCurvature is the least c_j, so that a maximum is always finite.
const leastCurvature = 0.02

// curvature is c_j of the network's output.
func curvature(x float32) float64 { return leastCurvature + softplus(float64(x)) }

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// quadratic is the part of a utility that is a server's, concave in its
// centred log-weight as the advantage of Gu et al. 2016 ("Continuous Deep
// Q-Learning with Model-based Acceleration", eq. 6 and 7) is in the action:
//
//	Q_j = V_j + b_j d_j - c_j d_j^2 / 2,  d_j = u_j - sum_k w_k u_k,
//
// from the network's output [B*N,4] and log-weights u [B*N,1] -> [B*N,1].
// Weights act by their ratios alone, and a server gains what the others lose:
// d carries it into their parts. u gets no gradient.
type quadratic struct {
	servers int // N

	w, d []float32 // [B*N]
}

var _ nn.Kernel = (*quadratic)(nil)

// Name implements nn.Kernel.
func (k *quadratic) Name() string { return "quadratic utility" }

// Bind implements nn.Kernel.
func (k *quadratic) Bind(in ...[]int) ([]int, error) {
	if len(in) != 2 {
		return nil, fmt.Errorf("%w: %d inputs, want outputs and log-weights", nn.ErrShape, len(in))
	}
	rows, err := wantOutputs(in[0], k.servers)
	if err != nil {
		return nil, err
	}
	k.w, k.d = make([]float32, rows), make([]float32, rows)
	return []int{rows, 1}, nn.WantShape("log-weights", in[1], rows, 1)
}

// wantOutputs checks the shape of the network's output and returns its rows.
func wantOutputs(shape []int, servers int) (rows int, err error) {
	if len(shape) != 2 || servers < 1 || shape[0]%servers != 0 {
		return 0, fmt.Errorf("%w: outputs have shape %v, want [B*%d,%d]", nn.ErrShape, shape, servers, quadraticColumns)
	}
	return shape[0], nn.WantShape("outputs", shape, shape[0], quadraticColumns)
}

// Forward implements nn.Kernel.
func (k *quadratic) Forward(out []float32, in [][]float32) {
	for first := 0; first < len(k.d); first += k.servers {
		u, d, w := in[1][first:first+k.servers], k.d[first:first+k.servers], k.w[first:first+k.servers]
		sharesOf(w, in[0][first*quadraticColumns:])
		var mean float32
		for j, v := range u {
			mean += w[j] * v
		}
		for j, v := range u {
			d[j] = v - mean
		}
	}
	for r, d := range k.d {
		row := in[0][r*quadraticColumns:][:quadraticColumns]
		c := float32(curvature(row[curvatureColumn]))
		out[r] = row[valueColumn] + row[slopeColumn]*d - c*d*d/2
	}
}

// Backward implements nn.Kernel.
func (k *quadratic) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	clear(din[1])
	if din[0] == nil {
		return
	}
	for first := 0; first < len(k.d); first += k.servers {
		var sum float32 // the gradient by d_j, over servers
		for j, d := range k.d[first : first+k.servers] {
			g, x, row := dout[first+j], in[0][(first+j)*quadraticColumns:], din[0][(first+j)*quadraticColumns:]
			row[valueColumn] = g
			row[slopeColumn] = g * d
			row[curvatureColumn] = -g * d * d / 2 * float32(sigmoid(float64(x[curvatureColumn])))
			sum += g * (x[slopeColumn] - float32(curvature(x[curvatureColumn]))*d)
		}
		for j, d := range k.d[first : first+k.servers] {
			din[0][(first+j)*quadraticColumns+shareColumn] = -sum * k.w[first+j] * d
		}
	}
}

// sharesOf writes the shares w_j of one state's outputs [N,4] to dst [N].
func sharesOf(dst, outputs []float32) {
	top := outputs[shareColumn]
	for j := range dst {
		top = max(top, outputs[j*quadraticColumns+shareColumn])
	}
	var sum float32
	for j := range dst {
		dst[j] = float32(math.Exp(float64(outputs[j*quadraticColumns+shareColumn] - top)))
		sum += dst[j]
	}
	for j := range dst {
		dst[j] /= sum
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// peak is where sum_j Q_j is largest among centred log-weights: by Lagrange,
//
//	d_j = (b_j - m w_j) / c_j,  m = sum_j (w_j b_j / c_j) / sum_j (w_j^2 / c_j),
//
// from the network's output [B*N,4] -> [B*N,1].
type peak struct {
	servers int // N

	w []float32 // [N]
}

var _ nn.Kernel = (*peak)(nil)

// Name implements nn.Kernel.
func (k *peak) Name() string { return "peak of quadratic utilities" }

// Bind implements nn.Kernel.
func (k *peak) Bind(in ...[]int) ([]int, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("%w: %d inputs, want outputs", nn.ErrShape, len(in))
	}
	rows, err := wantOutputs(in[0], k.servers)
	k.w = make([]float32, k.servers)
	return []int{rows, 1}, err
}

// Forward implements nn.Kernel.
func (k *peak) Forward(out []float32, in [][]float32) {
	for first := 0; first < len(out); first += k.servers {
		peakOf(out[first:first+k.servers], k.w, in[0][first*quadraticColumns:])
	}
}

// peakOf writes the peak of one state's outputs [N,4] to dst [N], and its
// shares to w [N], and returns m and sum_j w_j^2 / c_j.
func peakOf(dst, w, outputs []float32) (m, room float64) {
	sharesOf(w, outputs)
	var slopes float64
	for j := range dst {
		wc := float64(w[j]) / curvature(outputs[j*quadraticColumns+curvatureColumn])
		slopes += float64(outputs[j*quadraticColumns+slopeColumn]) * wc
		room += float64(w[j]) * wc
	}
	m = slopes / room
	for j := range dst {
		c := curvature(outputs[j*quadraticColumns+curvatureColumn])
		dst[j] = float32((float64(outputs[j*quadraticColumns+slopeColumn]) - m*float64(w[j])) / c)
	}
	return m, room
}

// Backward implements nn.Kernel.
func (k *peak) Backward(din [][]float32, dout, out []float32, in [][]float32) {
	dx := din[0]
	clear(dx)
	for first := 0; first < len(out); first += k.servers {
		x := in[0][first*quadraticColumns:]
		d := out[first : first+k.servers]
		m, room := peakOf(d, k.w, x)
		var sum float64 // of w_j dout_j / c_j
		for j, w := range k.w {
			sum += float64(dout[first+j]) * float64(w) / curvature(x[j*quadraticColumns+curvatureColumn])
		}
		sum /= room
		mean := 0.0 // of the gradient by w_j
		for j, w := range k.w {
			raw := x[j*quadraticColumns+curvatureColumn]
			c := curvature(raw)
			slope := (float64(dout[first+j]) - sum*float64(w)) / c
			byShare := -m*slope - sum*float64(d[j])
			row := dx[(first+j)*quadraticColumns:][:quadraticColumns]
			row[slopeColumn] = float32(slope)
			row[curvatureColumn] = float32(-slope * float64(d[j]) * sigmoid(float64(raw)))
			row[shareColumn] = float32(byShare)
			mean += float64(w) * byShare
		}
		for j, w := range k.w {
			share := &dx[(first+j)*quadraticColumns+shareColumn]
			*share = w * (*share - float32(mean))
		}
	}
}

// nearestToPeak is the chooser of the quadratic utility: it takes the levels nearest to
// the peak, counted from the peak's plain mean so that it lies in the middle of
// the levels. They are the best ones, but for what the rounding of one server is
// worth to the others.
type nearestToPeak struct {
	levels  policy.Levels
	peak, w []float32 // [N]
}

var _ chooser = (*nearestToPeak)(nil)

func (c *nearestToPeak) choose(dst, outputs []float32) {
	peakOf(c.peak, c.w, outputs)
	middle := nn.Mean(c.peak)
	for j, d := range c.peak {
		dst[j] = float32(c.levels.Nearest(float64(d) - middle))
	}
}
