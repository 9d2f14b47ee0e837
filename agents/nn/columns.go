package nn

import "fmt"

// Embed appends to each row of x [B*N,F] the learned embedding of its server,
// E [N,D] -> [B*N,F+D]. It holds what the features do not show, such as a
// server's capacity, and lets agents break the symmetry between servers.
type Embed struct {
	rows, cols, servers, dim int
}

var _ Kernel = (*Embed)(nil)

// Name implements Kernel.
func (k *Embed) Name() string { return "embed" }

// Bind implements Kernel.
func (k *Embed) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	k.rows, k.cols = in[0][0], in[0][1]
	k.servers, k.dim = in[1][0], in[1][1]
	return []int{k.rows, k.cols + k.dim}, wantServers(k.rows, k.servers)
}

// Forward implements Kernel.
func (k *Embed) Forward(out []float32, in [][]float32) {
	width := k.cols + k.dim
	for r := range k.rows {
		j := r % k.servers
		copy(out[r*width:], in[0][r*k.cols:(r+1)*k.cols])
		copy(out[r*width+k.cols:], in[1][j*k.dim:(j+1)*k.dim])
	}
}

// Backward implements Kernel.
func (k *Embed) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	width := k.cols + k.dim
	if dx := din[0]; dx != nil {
		for r := range k.rows {
			copy(dx[r*k.cols:(r+1)*k.cols], dout[r*width:])
		}
	}
	if de := din[1]; de != nil {
		clear(de)
		for r := range k.rows {
			j := r % k.servers
			d := de[j*k.dim : (j+1)*k.dim]
			for i, v := range dout[r*width+k.cols : (r+1)*width] {
				d[i] += v
			}
		}
	}
}

// Concat puts the columns of y [R,G] behind those of x [R,F] -> [R,F+G].
type Concat struct {
	rows, left, right int
}

var _ Kernel = (*Concat)(nil)

// Name implements Kernel.
func (k *Concat) Name() string { return "concat" }

// Bind implements Kernel.
func (k *Concat) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	k.rows, k.left, k.right = in[0][0], in[0][1], in[1][1]
	return []int{k.rows, k.left + k.right}, WantShape("right side", in[1], k.rows, k.right)
}

// Forward implements Kernel.
func (k *Concat) Forward(out []float32, in [][]float32) {
	width := k.left + k.right
	for r := range k.rows {
		copy(out[r*width:], in[0][r*k.left:(r+1)*k.left])
		copy(out[r*width+k.left:], in[1][r*k.right:(r+1)*k.right])
	}
}

// Backward implements Kernel.
func (k *Concat) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	width := k.left + k.right
	for r := range k.rows {
		if din[0] != nil {
			copy(din[0][r*k.left:(r+1)*k.left], dout[r*width:])
		}
		if din[1] != nil {
			copy(din[1][r*k.right:(r+1)*k.right], dout[r*width+k.left:])
		}
	}
}

// Rows takes the rows From to To (exclusive) of x [R,F] -> [To-From,F].
type Rows struct {
	From, To int

	cols int
}

var _ Kernel = (*Rows)(nil)

// Name implements Kernel.
func (k *Rows) Name() string { return "rows" }

// Bind implements Kernel.
func (k *Rows) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	if k.From < 0 || k.To > in[0][0] || k.From >= k.To {
		return nil, fmt.Errorf("%w: rows %d to %d of %d", ErrShape, k.From, k.To, in[0][0])
	}
	k.cols = in[0][1]
	return []int{k.To - k.From, k.cols}, nil
}

// Forward implements Kernel.
func (k *Rows) Forward(out []float32, in [][]float32) {
	copy(out, in[0][k.From*k.cols:k.To*k.cols])
}

// Backward implements Kernel.
func (k *Rows) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	if dx := din[0]; dx != nil {
		clear(dx)
		copy(dx[k.From*k.cols:], dout)
	}
}

// Centre subtracts from x [B*N,F] the mean over the N servers of each state.
// Weights act by their ratios alone, so log-weights are compared centred.
type Centre struct {
	Servers int // N

	cols int
	mean []float32 // [B,F]
}

var _ Kernel = (*Centre)(nil)

// Name implements Kernel.
func (k *Centre) Name() string { return "centre" }

// Bind implements Kernel.
func (k *Centre) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	if err := wantServers(in[0][0], k.Servers); err != nil {
		return nil, err
	}
	k.cols = in[0][1]
	k.mean = make([]float32, in[0][0]/k.Servers*k.cols)
	return in[0], nil
}

// Forward implements Kernel.
func (k *Centre) Forward(out []float32, in [][]float32) { k.centre(out, in[0]) }

// Backward implements Kernel; centring is a symmetric projection.
func (k *Centre) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	if din[0] != nil {
		k.centre(din[0], dout)
	}
}

// centre writes x less the means over servers to dst.
func (k *Centre) centre(dst, x []float32) {
	serverMeans(k.mean, x, k.Servers, k.cols)
	for r := 0; r*k.cols < len(x); r++ {
		s := r / k.Servers
		for i, m := range k.mean[s*k.cols : (s+1)*k.cols] {
			dst[r*k.cols+i] = x[r*k.cols+i] - m
		}
	}
}
