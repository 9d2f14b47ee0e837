package nn

import (
	"fmt"

	"fairlb/agents/nn/simd"
)

// A mask of rows [R,1] is 1 for a row that is present and 0 for one that is
// absent, such as a server that a state does not have. What an absent row holds
// changes nothing, be it NaN or infinite: it is never multiplied by its 0. A
// mask gets no gradient.

// MaskRows is x times its mask: x [R,F], mask [R,1] -> [R,F], with zeros in the
// absent rows.
type MaskRows struct {
	cols int
}

var _ Kernel = (*MaskRows)(nil)

// Name implements Kernel.
func (k *MaskRows) Name() string { return "mask rows" }

// Bind implements Kernel.
func (k *MaskRows) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	k.cols = in[0][1]
	return in[0], WantShape("mask", in[1], in[0][0], 1)
}

// Forward implements Kernel.
func (k *MaskRows) Forward(out []float32, in [][]float32) {
	copy(out, in[0])
	clearAbsent(out, in[1], k.cols)
}

// Backward implements Kernel.
func (k *MaskRows) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	if din[0] != nil {
		copy(din[0], dout)
		clearAbsent(din[0], in[1], k.cols)
	}
	clear(din[1])
}

// wantInputsOrMask checks inputs as wantInputs does, the first of shape [R,F],
// behind which a mask of its rows may come.
func wantInputsOrMask(in [][]int, dims ...int) error {
	if len(in) != len(dims) && len(in) != len(dims)+1 {
		return fmt.Errorf("%w: %d inputs, want %d or, with a mask, %d", ErrShape, len(in), len(dims), len(dims)+1)
	}
	if err := wantInputs(in[:len(dims)], dims...); err != nil {
		return err
	}
	if len(in) == len(dims) {
		return nil
	}
	return WantShape("mask", in[len(dims)], in[0][0], 1)
}

// optional returns input i, or nil if there are fewer.
func optional(in [][]float32, i int) []float32 {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// clearAbsent sets the rows of x to 0 that are absent in mask; a nil mask has all.
func clearAbsent(x, mask []float32, cols int) {
	for r, present := range mask {
		if present == 0 {
			clear(x[r*cols : (r+1)*cols])
		}
	}
}

// meanWeight returns the weight of a server in the mean over those that are present
// in state s: one by their number. A nil mask has all.
func meanWeight(mask []float32, s, servers int) float32 {
	if mask == nil {
		return 1 / float32(servers)
	}
	count := 0
	for _, present := range mask[s*servers : (s+1)*servers] {
		if present != 0 {
			count++
		}
	}
	return 1 / float32(max(count, 1))
}

// serverMeans sets dst [B,F] to the means of x [B*N,F] over the servers that
// are present.
func serverMeans(dst, x, mask []float32, servers, cols int) {
	for s := 0; s*cols < len(dst); s++ {
		d := dst[s*cols : (s+1)*cols]
		if mask == nil {
			simd.SumRows(d, x[s*servers*cols:(s+1)*servers*cols])
		} else {
			clear(d)
			for r := s * servers; r < (s+1)*servers; r++ {
				if mask[r] != 0 {
					simd.AddRow(d, x[r*cols:(r+1)*cols])
				}
			}
		}
		scale := meanWeight(mask, s, servers)
		for i := range d {
			d[i] *= scale
		}
	}
}

// serverMeansGradient goes back through serverMeans: it sets each server's row of dst
// [B*N,F] to its part of the gradient dmean [B,F] by the means. Absent rows get
// values that mean nothing.
func serverMeansGradient(dst, dmean, mask []float32, servers, cols int) {
	for s := 0; s*cols < len(dmean); s++ {
		scale := meanWeight(mask, s, servers)
		for r := s * servers; r < (s+1)*servers; r++ {
			d := dst[r*cols : (r+1)*cols]
			for i, v := range dmean[s*cols : (s+1)*cols] {
				d[i] = v * scale
			}
		}
	}
}
