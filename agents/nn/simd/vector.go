package simd

import "math"

// Exp sets dst to e^x. Its assembly is within two units in the last place.
func Exp(dst, x []float32) { unary(dst, x, expRows, math.Exp) }

// Log sets dst to the natural logarithm of x, each positive and normal. Its
// assembly is within two units in the last place.
func Log(dst, x []float32) { unary(dst, x, logRows, math.Log) }

// Tanh sets dst to the hyperbolic tangent of x. Its assembly is within three
// units in the last place.
func Tanh(dst, x []float32) { unary(dst, x, tanhRows, math.Tanh) }

// Sigmoid sets dst to 1 / (1 + e^-x). Its assembly is within three units in the
// last place; below -88 it gives 0.
func Sigmoid(dst, x []float32) { unary(dst, x, sigmoidRows, sigmoid) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// unary applies a function of one value; dst may be x.
func unary(dst, x []float32, rows func(int, int, *int32, int, *float32, int, *float32, int), plain func(float64) float64) {
	checkLength(len(dst), len(x))
	if !useAVX2 {
		for i, v := range x {
			dst[i] = float32(plain(float64(v)))
		}
		return
	}
	if len(x) > 0 {
		whole, tail := vectors(len(x))
		rows(1, whole, tail, 0, &dst[0], 0, &x[0], 0)
	}
}

// AddRow adds row to each row of x, [rows, len(row)].
func AddRow(x, row []float32) {
	n := checkRows(len(x), len(row))
	if !useAVX2 {
		for r := 0; r < len(x); r += len(row) {
			for i, v := range row {
				x[r+i] += v
			}
		}
		return
	}
	if n > 0 {
		whole, tail := vectors(len(row))
		addRows(n, whole, tail, 0, &x[0], skip(len(row), whole), &row[0], skip(0, whole))
	}
}

// AddRowReLU adds row to each row of x, [rows, len(row)], and sets what is
// negative to 0.
func AddRowReLU(x, row []float32) {
	n := checkRows(len(x), len(row))
	if !useAVX2 {
		for r := 0; r < len(x); r += len(row) {
			for i, v := range row {
				x[r+i] = max(x[r+i]+v, 0)
			}
		}
		return
	}
	if n > 0 {
		whole, tail := vectors(len(row))
		addReLURows(n, whole, tail, 0, &x[0], skip(len(row), whole), &row[0], skip(0, whole))
	}
}

// ReLUGradient sets dst to dy where y, the output, is not 0, and to 0 elsewhere.
func ReLUGradient(dst, y, dy []float32) {
	checkLength(len(dst), len(y), len(dy))
	if !useAVX2 {
		for i, v := range y {
			// Which units are active is a coin toss: a mask is faster than a branch.
			b := math.Float32bits(v) // zero exactly where the unit is inactive
			mask := uint32(int32(b|-b) >> 31)
			dst[i] = math.Float32frombits(math.Float32bits(dy[i]) & mask)
		}
		return
	}
	if len(y) > 0 {
		whole, tail := vectors(len(y))
		reluGradientRows(1, whole, tail, 0, &dst[0], 0, &y[0], 0, &dy[0], 0)
	}
}

// TanhGradient sets dst to dy (1 - y^2), where y is the output.
func TanhGradient(dst, y, dy []float32) {
	checkLength(len(dst), len(y), len(dy))
	if !useAVX2 {
		for i, v := range y {
			dst[i] = dy[i] * (1 - v*v)
		}
		return
	}
	if len(y) > 0 {
		whole, tail := vectors(len(y))
		tanhGradientRows(1, whole, tail, 0, &dst[0], 0, &y[0], 0, &dy[0], 0)
	}
}

// Move moves dst towards src: dst += rate * (src - dst).
func Move(dst, src []float32, rate float32) {
	checkLength(len(dst), len(src))
	if !useAVX2 {
		for i, s := range src {
			dst[i] += rate * (s - dst[i])
		}
		return
	}
	if len(src) > 0 {
		whole, tail := vectors(len(src))
		moveRows(1, whole, tail, 0, &dst[0], 0, &src[0], 0, rate)
	}
}

// SumRows sets dst to the sum of the rows of x, [rows, len(dst)].
func SumRows(dst, x []float32) {
	n := checkRows(len(x), len(dst))
	if !useAVX2 || n == 0 {
		clear(dst)
		for r := 0; r < len(x); r += len(dst) {
			for i, v := range x[r : r+len(dst)] {
				dst[i] += v
			}
		}
		return
	}
	// A product with a row of ones, all of which are the same one.
	one := [1]float32{1}
	block(1, len(dst), n, 1, one[:], 0, 0, packedBlock{x, len(dst), panel}, 0, dst, len(dst))
}

// Adam is a step of Adam or AdamW over flat slices: with g = Scale*gradient,
//
//	mean   = Beta1*mean + (1-Beta1)*g
//	square = Beta2*square + (1-Beta2)*g^2
//	values = Decay*values - Size*mean / (sqrt(square) + Epsilon)
type Adam struct {
	Scale, Beta1, Beta2, Size, Epsilon, Decay float32
}

// Step applies it; the four slices have one length.
func (a Adam) Step(values, gradient, mean, square []float32) {
	checkLength(len(values), len(gradient), len(mean), len(square))
	if !useAVX2 {
		for i, g := range gradient {
			g *= a.Scale
			m := a.Beta1*mean[i] + (1-a.Beta1)*g
			v := a.Beta2*square[i] + (1-a.Beta2)*g*g
			mean[i], square[i] = m, v
			values[i] = a.Decay*values[i] - a.Size*m/(float32(math.Sqrt(float64(v)))+a.Epsilon)
		}
		return
	}
	if len(values) > 0 {
		whole, tail := vectors(len(values))
		adamRows(1, whole, tail, 0, &values[0], 0, &mean[0], 0, &square[0], 0, &gradient[0], 0,
			a.Scale, a.Beta1, 1-a.Beta1, a.Beta2, 1-a.Beta2, a.Size, a.Epsilon, a.Decay)
	}
}

// GRU is a step of a gated recurrent unit, in PyTorch's form, for rows of
// states: from x [R,3H], the sums of the inputs, h [R,3H], those of the old
// states, bias [4H] and old [R,H] it sets gates [R,4H] and state [R,H]:
//
//	r = sigmoid(x_r + h_r + bias_r)
//	z = sigmoid(x_z + h_z + bias_z)
//	p = h_n + bias_p
//	n = tanh(x_n + bias_n + r p)
//	state = n + z (old - n)
//
// with the columns of gates r, z, n, p, those of bias the same.
func GRU(hidden int, gates, state, x, h, bias, old []float32) {
	n := checkRows(len(state), hidden)
	checkLength(len(old), len(state))
	checkLength(len(x), len(h), 3*len(state))
	checkLength(len(gates), 4*len(state))
	checkLength(len(bias), 4*hidden)
	if useAVX2 {
		if n > 0 {
			whole, tail := vectors(hidden)
			wide := skip(3*hidden, whole)
			gruRows(n, whole, tail, 4*hidden, &gates[0], skip(4*hidden, whole), &state[0], skip(hidden, whole),
				&x[0], wide, &h[0], wide, &bias[0], skip(0, whole), &old[0], skip(hidden, whole))
		}
		return
	}
	for i := range n {
		x, h, gates := x[3*hidden*i:], h[3*hidden*i:], gates[4*hidden*i:]
		for j := range hidden {
			r := sigmoid(float64(x[j] + h[j] + bias[j]))
			z := sigmoid(float64(x[hidden+j] + h[hidden+j] + bias[hidden+j]))
			p := h[2*hidden+j] + bias[3*hidden+j]
			c := math.Tanh(float64(x[2*hidden+j]+bias[2*hidden+j]) + r*float64(p))
			gates[j], gates[hidden+j], gates[2*hidden+j], gates[3*hidden+j] = float32(r), float32(z), float32(c), p
			state[i*hidden+j] = float32(c + z*(float64(old[i*hidden+j])-c))
		}
	}
}

// GRUGradient goes back through GRU: from dstate [R,H], the gradient by the new
// states, it sets dx and dh [R,3H], those by the sums, and puts that by the old
// states, without what comes by dh, in place of dstate.
func GRUGradient(hidden int, dx, dh, dstate, gates, old []float32) {
	n := checkRows(len(dstate), hidden)
	checkLength(len(old), len(dstate))
	checkLength(len(dx), len(dh), 3*len(dstate))
	checkLength(len(gates), 4*len(dstate))
	if useAVX2 {
		if n > 0 {
			whole, tail := vectors(hidden)
			wide, narrow := skip(3*hidden, whole), skip(hidden, whole)
			gruGradientRows(n, whole, tail, 4*hidden, &dx[0], wide, &dh[0], wide, &dstate[0], narrow,
				&gates[0], skip(4*hidden, whole), &old[0], narrow)
		}
		return
	}
	for i := range n {
		dx, dh, gates := dx[3*hidden*i:], dh[3*hidden*i:], gates[4*hidden*i:]
		for j := range hidden {
			r, z, c, p := gates[j], gates[hidden+j], gates[2*hidden+j], gates[3*hidden+j]
			d := dstate[i*hidden+j]
			dc := d * (1 - z) * (1 - c*c)
			dz := d * (old[i*hidden+j] - c) * z * (1 - z)
			dr := dc * p * r * (1 - r)
			dx[j], dx[hidden+j], dx[2*hidden+j] = dr, dz, dc
			dh[j], dh[hidden+j], dh[2*hidden+j] = dr, dz, dc*r
			dstate[i*hidden+j] = d * z
		}
	}
}

// vectors divides n values into whole vectors and the mask of the rest.
func vectors(n int) (whole int, tail *int32) {
	if rest := n % lanes; rest > 0 {
		tail = &masks[lanes-rest]
	}
	return n / lanes, tail
}

// skip is the bytes from behind the whole vectors of a row to the next row,
// stride values on.
func skip(stride, whole int) int { return 4 * (stride - lanes*whole) }

func checkLength(want int, others ...int) {
	for _, n := range others {
		if n != want {
			panic("simd: slices of different lengths")
		}
	}
}

// checkRows returns the number of rows of so many columns.
func checkRows(size, cols int) int {
	if cols <= 0 || size%cols != 0 {
		panic("simd: no whole number of rows")
	}
	return size / cols
}
