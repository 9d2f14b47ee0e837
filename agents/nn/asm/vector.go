package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// array is an argument of a rowKernel: rows of values, of one or more planes.
// Plane p of a value lies p times the call's plane stride behind it.
type array struct {
	name   string
	planes int // that are read or written
	in     bool
	out    bool
}

// rowKernel applies a function to the values of several arrays, place by
// place: eight at a time, and the rest of a row under a mask. It is called for
// so many rows of so many whole vectors and, unless tail is nil, one more under
// that mask. The skips are the bytes from behind the whole vectors of a row to
// the next row, plane those between the planes of an array.
type rowKernel struct {
	name    string
	doc     string
	arrays  []array
	scalars []string
	// apply returns the values to write, plane after plane of each array that
	// is written, from those read, in the same order.
	apply func(v *vectors, in []reg.VecVirtual, scalars map[string]reg.VecVirtual) []reg.VecVirtual
}

// vectors writes arithmetic over eight values.
type vectors struct {
	*build.Context
	constants map[uint32]operand.Mem // shared by the functions of a file
}

func (k rowKernel) generate(v *vectors) {
	c := v.Context
	c.Function(k.name)
	c.Pragma("noescape")
	params := []string{"rows int", "whole int", "tail *int32", "plane int"}
	for _, a := range k.arrays {
		params = append(params, a.name+" *float32", a.name+"Skip int")
	}
	for _, s := range k.scalars {
		params = append(params, s+" float32")
	}
	c.SignatureExpr("func(" + strings.Join(params, ", ") + ")")
	c.Doc(strings.Split(k.doc, "\n")...)

	param := func(name string) reg.GPVirtual { return c.Load(c.Param(name), c.GP64()).(reg.GPVirtual) }
	most := 1
	for _, a := range k.arrays {
		most = max(most, a.planes)
	}
	var plane, plane3 reg.GPVirtual
	if most > 1 {
		plane = param("plane")
	}
	if most > 3 {
		plane3 = c.GP64()
		c.LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	}
	pointers := make([]reg.GPVirtual, len(k.arrays))
	for i, a := range k.arrays {
		pointers[i] = param(a.name)
	}
	scalars := make(map[string]reg.VecVirtual)
	for _, s := range k.scalars {
		scalars[s] = c.YMM()
		c.VBROADCASTSS(address(c, s), scalars[s])
	}
	rows, left := param("rows"), c.GP64()
	place := func(i, p int) operand.Mem {
		switch p {
		case 0:
			return operand.Mem{Base: pointers[i]}
		case 3:
			return operand.Mem{Base: pointers[i], Index: plane3, Scale: 1}
		default:
			return operand.Mem{Base: pointers[i], Index: plane, Scale: uint8(p)}
		}
	}
	step := func(mask reg.VecVirtual) {
		var in []reg.VecVirtual
		for i, a := range k.arrays {
			for p := range a.planes {
				if !a.in {
					continue
				}
				x := c.YMM()
				if mask == nil {
					c.VMOVUPS(place(i, p), x)
				} else {
					c.VMASKMOVPS(place(i, p), mask, x)
				}
				in = append(in, x)
			}
		}
		out := k.apply(v, in, scalars)
		for i, a := range k.arrays {
			for p := range a.planes {
				if !a.out {
					continue
				}
				if mask == nil {
					c.VMOVUPS(out[0], place(i, p))
				} else {
					c.VMASKMOVPS(out[0], mask, place(i, p))
				}
				out = out[1:]
			}
		}
	}
	label := func(s string) string { return s + "_" + k.name }

	c.Label(label("row"))
	c.MOVQ(address(c, "whole"), left)
	c.TESTQ(left, left)
	c.JZ(operand.LabelRef(label("tail")))
	c.Label(label("vector"))
	step(nil)
	for _, p := range pointers {
		c.ADDQ(operand.Imm(4*lanes), p)
	}
	c.DECQ(left)
	c.JNZ(operand.LabelRef(label("vector")))
	c.Label(label("tail"))
	c.MOVQ(address(c, "tail"), left)
	c.TESTQ(left, left)
	c.JZ(operand.LabelRef(label("next")))
	mask := c.YMM()
	c.VMOVDQU(operand.Mem{Base: left}, mask)
	step(mask)
	c.Label(label("next"))
	for i, a := range k.arrays {
		c.ADDQ(address(c, a.name+"Skip"), pointers[i])
	}
	c.DECQ(rows)
	c.JNZ(operand.LabelRef(label("row")))
	c.VZEROUPPER()
	c.RET()
}

// bits is a constant given by its bits, eight times.
func (v *vectors) bits(b uint32) operand.Mem {
	if m, ok := v.constants[b]; ok {
		return m
	}
	m := v.StaticGlobal(fmt.Sprintf("constant%08x", b))
	v.DataAttributes(attr.RODATA | attr.NOPTR)
	for range lanes {
		v.AppendDatum(operand.U32(b))
	}
	v.constants[b] = m
	return m
}

func (v *vectors) constant(x float64) operand.Mem { return v.bits(math.Float32bits(float32(x))) }

// Each of these puts its result in a new register. Operands may be constants
// in memory where x86 takes them: the last one named here.

func (v *vectors) mul(a reg.VecVirtual, b operand.Op) reg.VecVirtual {
	r := v.YMM()
	v.VMULPS(b, a, r)
	return r
}

func (v *vectors) add(a reg.VecVirtual, b operand.Op) reg.VecVirtual {
	r := v.YMM()
	v.VADDPS(b, a, r)
	return r
}

func (v *vectors) sub(a reg.VecVirtual, b operand.Op) reg.VecVirtual {
	r := v.YMM()
	v.VSUBPS(b, a, r)
	return r
}

func (v *vectors) div(a, b reg.VecVirtual) reg.VecVirtual {
	r := v.YMM()
	v.VDIVPS(b, a, r)
	return r
}

func (v *vectors) and(a reg.VecVirtual, b operand.Op) reg.VecVirtual {
	r := v.YMM()
	v.VANDPS(b, a, r)
	return r
}

func (v *vectors) load(m operand.Mem) reg.VecVirtual {
	r := v.YMM()
	v.VMOVUPS(m, r)
	return r
}

// madd is a*b + c; nmadd is c - a*b.
func (v *vectors) madd(a, b reg.VecVirtual, c operand.Op) reg.VecVirtual {
	r := v.YMM()
	v.VMOVAPS(a, r)
	v.VFMADD213PS(c, b, r)
	return r
}

func (v *vectors) nmadd(a, b reg.VecVirtual, c operand.Op) reg.VecVirtual {
	r := v.YMM()
	v.VMOVAPS(a, r)
	v.VFNMADD213PS(c, b, r)
	return r
}

// atMost and atLeast keep NaN: the processor returns the second source if
// either is NaN, and that is a.
func (v *vectors) atMost(a reg.VecVirtual, bound float64) reg.VecVirtual {
	r := v.load(v.constant(bound))
	v.VMINPS(a, r, r)
	return r
}

func (v *vectors) atLeast(a reg.VecVirtual, bound float64) reg.VecVirtual {
	r := v.load(v.constant(bound))
	v.VMAXPS(a, r, r)
	return r
}

// ln2 in two parts: the first has few enough bits that its multiples by the
// exponents of float32 are exact.
const (
	ln2High = 0.693359375
	ln2Low  = math.Ln2 - ln2High
)

// reduce writes x as n ln 2 + r with |r| <= ln(2)/2 and returns n as integers
// and exp(r) - 1, by its Taylor series to r^7: the next term is below half a
// unit in the last place.
func (v *vectors) reduce(x reg.VecVirtual) (n, expm1 reg.VecVirtual) {
	n = v.YMM()
	whole := v.YMM()
	v.VCVTPS2DQ(v.mul(x, v.constant(math.Log2E)), n) // to nearest
	v.VCVTDQ2PS(n, whole)
	r := v.nmadd(whole, v.load(v.constant(ln2High)), x)
	r = v.nmadd(whole, v.load(v.constant(ln2Low)), r)
	term := 1.0
	for i := 2; i <= 7; i++ {
		term /= float64(i)
	}
	sum := v.load(v.constant(term))
	for i := 7; i > 2; i-- {
		term *= float64(i)
		sum = v.madd(sum, r, v.constant(term))
	}
	return n, v.madd(v.mul(r, r), sum, r)
}

// power is 2^n for n from -126 to 127.
func (v *vectors) power(n reg.VecVirtual) reg.VecVirtual {
	r := v.YMM()
	v.VPADDD(v.bits(127), n, r)
	v.VPSLLD(operand.Imm(23), r, r)
	return r
}

// exp is e^x. The power of two comes in two factors, so that results reach
// down to the smallest numbers, to 0, and up to infinity.
func (v *vectors) exp(x reg.VecVirtual) reg.VecVirtual {
	n, m := v.reduce(v.atMost(v.atLeast(x, -110), 90))
	half, rest := v.YMM(), v.YMM()
	v.VPSRAD(operand.Imm(1), n, half)
	v.VPSUBD(half, n, rest)
	return v.mul(v.mul(v.add(m, v.constant(1)), v.power(half)), v.power(rest))
}

// sigmoid is 1 / (1 + e^-x).
func (v *vectors) sigmoid(x reg.VecVirtual) reg.VecVirtual {
	negative := v.YMM()
	v.VXORPS(v.bits(1<<31), x, negative)
	one := v.load(v.constant(1))
	return v.div(one, v.add(v.exp(negative), one))
}

// tanh is m / (m + 2) with m = e^2|x| - 1, and the sign of x: nothing cancels
// for small x. From 20 on it is 1.
func (v *vectors) tanh(x reg.VecVirtual) reg.VecVirtual {
	size := v.and(x, v.bits(1<<31-1))
	t := v.atMost(v.add(size, size), 40)
	n, m := v.reduce(t)
	p := v.power(n)
	m = v.madd(m, p, v.sub(p, v.constant(1)))
	y := v.div(m, v.add(m, v.constant(2)))
	sign := v.and(x, v.bits(1<<31))
	v.VORPS(sign, y, y)
	return y
}

// log is the natural logarithm of a positive, normal x: x = 2^n f with f in
// [sqrt(1/2), sqrt(2)), and log f = 2 artanh s with s = (f-1)/(f+1).
func (v *vectors) log(x reg.VecVirtual) reg.VecVirtual {
	rootHalf := math.Float32bits(math.Sqrt2 / 2)
	n, f, whole := v.YMM(), v.YMM(), v.YMM()
	v.VPSUBD(v.bits(rootHalf), x, n)
	v.VPSRAD(operand.Imm(23), n, n)
	v.VPSLLD(operand.Imm(23), n, f)
	v.VPSUBD(f, x, f)
	v.VCVTDQ2PS(n, whole)
	f = v.sub(f, v.constant(1))
	s := v.div(f, v.add(f, v.constant(2)))
	square := v.mul(s, s)
	sum := v.load(v.constant(2. / 9))
	for _, d := range []float64{7, 5, 3} {
		sum = v.madd(sum, square, v.constant(2/d))
	}
	// 2s + s^3 sum, and 2s = f - s f, which keeps the bits of f
	tail := v.nmadd(s, f, v.mul(v.mul(square, s), sum))
	tail = v.madd(whole, v.load(v.constant(ln2Low)), tail)
	return v.madd(whole, v.load(v.constant(ln2High)), v.add(f, tail))
}

// vectorKernels are the functions over slices.
var vectorKernels = []rowKernel{
	unary("copyRows", "copyRows sets dst to x.", func(_ *vectors, x reg.VecVirtual) reg.VecVirtual { return x }),
	unary("expRows", "expRows sets dst to e^x.", (*vectors).exp),
	unary("logRows", "logRows sets dst to the logarithm of x, positive and normal.", (*vectors).log),
	unary("tanhRows", "tanhRows sets dst to tanh x.", (*vectors).tanh),
	unary("sigmoidRows", "sigmoidRows sets dst to 1 / (1 + e^-x).", (*vectors).sigmoid),
	{
		name:   "addRows",
		doc:    "addRows adds y to x.",
		arrays: []array{{"x", 1, true, true}, {"y", 1, true, false}},
		apply: func(v *vectors, in []reg.VecVirtual, _ map[string]reg.VecVirtual) []reg.VecVirtual {
			return []reg.VecVirtual{v.add(in[0], in[1])}
		},
	},
	{
		name:   "addReLURows",
		doc:    "addReLURows sets x to max(x + y, 0).",
		arrays: []array{{"x", 1, true, true}, {"y", 1, true, false}},
		apply: func(v *vectors, in []reg.VecVirtual, _ map[string]reg.VecVirtual) []reg.VecVirtual {
			return []reg.VecVirtual{v.atLeast(v.add(in[0], in[1]), 0)}
		},
	},
	{
		name:   "reluGradientRows",
		doc:    "reluGradientRows sets dst to dy where y > 0, else to 0.",
		arrays: []array{{"dst", 1, false, true}, {"y", 1, true, false}, {"dy", 1, true, false}},
		apply: func(v *vectors, in []reg.VecVirtual, _ map[string]reg.VecVirtual) []reg.VecVirtual {
			active, zero := v.YMM(), v.YMM()
			v.VXORPS(zero, zero, zero)
			v.VCMPPS(operand.Imm(4), zero, in[0], active) // not equal, or NaN
			return []reg.VecVirtual{v.and(in[1], active)}
		},
	},
	{
		name:   "tanhGradientRows",
		doc:    "tanhGradientRows sets dst to dy (1 - y^2).",
		arrays: []array{{"dst", 1, false, true}, {"y", 1, true, false}, {"dy", 1, true, false}},
		apply: func(v *vectors, in []reg.VecVirtual, _ map[string]reg.VecVirtual) []reg.VecVirtual {
			return []reg.VecVirtual{v.mul(in[1], v.nmadd(in[0], in[0], v.constant(1)))}
		},
	},
	{
		name:   "moveRows",
		doc:    "moveRows adds rate * (src - dst) to dst.",
		arrays: []array{{"dst", 1, true, true}, {"src", 1, true, false}}, scalars: []string{"rate"},
		apply: func(v *vectors, in []reg.VecVirtual, s map[string]reg.VecVirtual) []reg.VecVirtual {
			return []reg.VecVirtual{v.madd(v.sub(in[1], in[0]), s["rate"], in[0])}
		},
	},
	{
		name: "adamRows",
		doc: "adamRows is the step of Adam: with g scaled by scale, mean and square move to\n" +
			"beta1 mean + rest1 g and beta2 square + rest2 g^2, and the values by\n" +
			"decay * value - size mean / (sqrt(square) + eps).",
		arrays:  []array{{"values", 1, true, true}, {"mean", 1, true, true}, {"square", 1, true, true}, {"gradient", 1, true, false}},
		scalars: []string{"scale", "beta1", "rest1", "beta2", "rest2", "size", "eps", "decay"},
		apply: func(v *vectors, in []reg.VecVirtual, s map[string]reg.VecVirtual) []reg.VecVirtual {
			g := v.mul(in[3], s["scale"])
			m := v.madd(s["rest1"], g, v.mul(in[1], s["beta1"]))
			q := v.madd(v.mul(g, s["rest2"]), g, v.mul(in[2], s["beta2"]))
			root := v.YMM()
			v.VSQRTPS(q, root)
			move := v.div(v.mul(m, s["size"]), v.add(root, s["eps"]))
			return []reg.VecVirtual{v.sub(v.mul(in[0], s["decay"]), move), m, q}
		},
	},
	{
		name: "gruRows",
		doc: "gruRows computes a step of a GRU from x, the input's sums of the gates r, z, n,\n" +
			"h, the state's, the biases of r, z, n and the state's of n, and the state old:\n" +
			"gates r, z, n and the state's part of n, and the state new.",
		arrays: []array{{"gates", 4, false, true}, {"state", 1, false, true},
			{"x", 3, true, false}, {"h", 3, true, false}, {"bias", 4, true, false}, {"old", 1, true, false}},
		apply: func(v *vectors, in []reg.VecVirtual, _ map[string]reg.VecVirtual) []reg.VecVirtual {
			x, h, bias, old := in[:3], in[3:6], in[6:10], in[10]
			r := v.sigmoid(v.add(v.add(x[0], h[0]), bias[0]))
			z := v.sigmoid(v.add(v.add(x[1], h[1]), bias[1]))
			part := v.add(h[2], bias[3])
			n := v.tanh(v.madd(r, part, v.add(x[2], bias[2])))
			state := v.madd(z, v.sub(old, n), n)
			return []reg.VecVirtual{r, z, n, part, state}
		},
	},
	{
		name: "gruGradientRows",
		doc: "gruGradientRows goes back through gruRows: from the gradient by the new state,\n" +
			"dstate, to those by the gates' sums, dx for the input's r, z, n and dh for the\n" +
			"state's, and, in place of dstate, the direct one by the old state.",
		arrays: []array{{"dx", 3, false, true}, {"dh", 3, false, true}, {"dstate", 1, true, true},
			{"gates", 4, true, false}, {"old", 1, true, false}},
		apply: func(v *vectors, in []reg.VecVirtual, _ map[string]reg.VecVirtual) []reg.VecVirtual {
			d, r, z, n, part, old := in[0], in[1], in[2], in[3], in[4], in[5]
			one := v.load(v.constant(1))
			dn := v.mul(v.mul(d, v.sub(one, z)), v.nmadd(n, n, one))
			dz := v.mul(v.mul(d, v.sub(old, n)), v.mul(z, v.sub(one, z)))
			dr := v.mul(v.mul(dn, part), v.mul(r, v.sub(one, r)))
			return []reg.VecVirtual{dr, dz, dn, dr, dz, v.mul(dn, r), v.mul(d, z)}
		},
	},
}

func unary(name, doc string, f func(*vectors, reg.VecVirtual) reg.VecVirtual) rowKernel {
	return rowKernel{
		name: name, doc: doc,
		arrays: []array{{"dst", 1, false, true}, {"x", 1, true, false}},
		apply: func(v *vectors, in []reg.VecVirtual, _ map[string]reg.VecVirtual) []reg.VecVirtual {
			return []reg.VecVirtual{f(v, in[0])}
		},
	}
}
