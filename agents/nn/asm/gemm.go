package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	lanes  = 8 // float32 in a YMM register
	unroll = 4 // steps of the inner loop between two branches
)

// gemmKernels are the shapes of the tiles of c: all rows of a tile stay in
// registers, of which 16 hold the sums, the rows of b, one value of a and the
// mask. Six rows of two vectors keep both FMA units busy; one to three rows
// need more vectors for it.
var gemmKernels = []gemmKernel{
	{1, 1, true}, {2, 1, true}, {3, 1, true}, {4, 1, true}, {5, 1, true}, {6, 1, true},
	{1, 2, true}, {2, 2, true}, {3, 2, true}, {4, 2, true}, {5, 2, true}, {6, 2, true},
	{1, 2, false}, {2, 2, false}, {3, 2, false}, {4, 2, false}, {5, 2, false}, {6, 2, false},
	{1, 8, false}, {2, 4, false}, {3, 4, false},
}

// gemmKernel multiplies a column of tiles, each of some rows by some vectors,
// of which the last is masked at the right edge of c.
type gemmKernel struct {
	rows, vectors int
	masked        bool
}

func (k gemmKernel) name() string {
	if k.masked {
		return fmt.Sprintf("tiles%dx%dmasked", k.rows, k.vectors)
	}
	return fmt.Sprintf("tiles%dx%d", k.rows, k.vectors)
}

// generate writes
//
//	c[t*rows+i, j] = alpha * sum_l a[t*rows+i, l] b[l, j] + beta * c[t*rows+i, j]
//
// for tiles t. Each sum runs over l in order, by fused multiply-adds: a value
// of c depends neither on the tile's shape nor on its place in it.
func (g gemmKernel) generate(c *build.Context) {
	c.Function(g.name())
	c.Pragma("noescape")
	signature := "func(tiles, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, alpha, beta float32"
	if g.masked {
		signature += ", mask *int32"
	}
	c.SignatureExpr(signature + ")")
	c.Doc(fmt.Sprintf("%s sets tiles of %d rows by %d vectors of c, one under the other;", g.name(), g.rows, g.vectors),
		"aRow, aCol, bRow and cRow are strides in bytes.")

	param := func(name string) reg.GPVirtual { return c.Load(c.Param(name), c.GP64()).(reg.GPVirtual) }
	tiles, depth := param("tiles"), param("k")
	a, aRow, aCol := param("a"), param("aRow"), param("aCol")
	b, bRow := param("b"), param("bRow")
	dst, dstRow := param("c"), param("cRow")
	var mask reg.VecVirtual
	if g.masked {
		mask = c.YMM()
		c.VMOVDQU(operand.Mem{Base: param("mask")}, mask)
	}
	isMasked := func(v int) bool { return g.masked && v == g.vectors-1 }

	sums := make([][]reg.VecVirtual, g.rows)
	for i := range sums {
		for range g.vectors {
			sums[i] = append(sums[i], c.YMM())
		}
	}
	label := func(s string) string { return s + "_" + g.name() }

	c.Label(label("tile"))
	for _, row := range sums {
		for _, s := range row {
			c.VXORPS(s, s, s)
		}
	}
	aPointer, aHigh, bPointer, left := c.GP64(), c.GP64(), c.GP64(), c.GP64()
	c.MOVQ(a, aPointer)
	c.MOVQ(b, bPointer)
	if g.rows > 3 {
		c.LEAQ(operand.Mem{Base: aPointer, Index: aRow, Scale: 2}, aHigh)
		c.ADDQ(aRow, aHigh)
	}
	load := func(v int) reg.VecVirtual {
		x := c.YMM()
		m := operand.Mem{Base: bPointer, Disp: 4 * lanes * v}
		if isMasked(v) {
			c.VMASKMOVPS(m, mask, x)
		} else {
			c.VMOVUPS(m, x)
		}
		return x
	}
	broadcast := func(i int) reg.VecVirtual {
		x := c.YMM()
		c.VBROADCASTSS(rowOf(aPointer, aHigh, aRow, i), x)
		return x
	}
	step := func() {
		if g.vectors > g.rows { // hold the few values of a, not the many vectors of b
			values := make([]reg.VecVirtual, g.rows)
			for i := range values {
				values[i] = broadcast(i)
			}
			for v := range g.vectors {
				x := load(v)
				for i, a := range values {
					c.VFMADD231PS(a, x, sums[i][v])
				}
			}
		} else {
			row := make([]reg.VecVirtual, g.vectors)
			for v := range row {
				row[v] = load(v)
			}
			for i := range g.rows {
				a := broadcast(i)
				for v, x := range row {
					c.VFMADD231PS(a, x, sums[i][v])
				}
			}
		}
		c.ADDQ(bRow, bPointer)
		c.ADDQ(aCol, aPointer)
		if g.rows > 3 {
			c.ADDQ(aCol, aHigh)
		}
	}
	c.MOVQ(depth, left)
	c.SUBQ(operand.Imm(unroll), left)
	c.JL(operand.LabelRef(label("rest")))
	c.Label(label("steps"))
	for range unroll {
		step()
	}
	c.SUBQ(operand.Imm(unroll), left)
	c.JGE(operand.LabelRef(label("steps")))
	c.Label(label("rest"))
	c.ADDQ(operand.Imm(unroll), left)
	c.JZ(operand.LabelRef(label("write")))
	c.Label(label("last"))
	step()
	c.DECQ(left)
	c.JNZ(operand.LabelRef(label("last")))

	c.Label(label("write"))
	alpha := c.YMM()
	c.VBROADCASTSS(address(c, "alpha"), alpha)
	for _, row := range sums {
		for _, s := range row {
			c.VMULPS(alpha, s, s)
		}
	}
	high := c.GP64()
	if g.rows > 3 {
		c.LEAQ(operand.Mem{Base: dst, Index: dstRow, Scale: 2}, high)
		c.ADDQ(dstRow, high)
	}
	store := func() {
		for i, row := range sums {
			for v, s := range row {
				m := rowOf(dst, high, dstRow, i)
				m.Disp = 4 * lanes * v
				if isMasked(v) {
					c.VMASKMOVPS(s, mask, m)
				} else {
					c.VMOVUPS(s, m)
				}
			}
		}
	}
	bits := c.GP32()
	c.MOVL(address(c, "beta"), bits)
	c.TESTL(bits, bits)
	c.JZ(operand.LabelRef(label("store")))
	beta := c.YMM()
	c.VBROADCASTSS(address(c, "beta"), beta)
	for i, row := range sums {
		for v, s := range row {
			m := rowOf(dst, high, dstRow, i)
			m.Disp = 4 * lanes * v
			if isMasked(v) {
				old := c.YMM()
				c.VMASKMOVPS(m, mask, old)
				c.VFMADD231PS(old, beta, s)
			} else {
				c.VFMADD231PS(m, beta, s)
			}
		}
	}
	c.Label(label("store"))
	store()

	// the next tile
	for range g.rows {
		c.ADDQ(aRow, a)
		c.ADDQ(dstRow, dst)
	}
	c.DECQ(tiles)
	c.JNZ(operand.LabelRef(label("tile")))
	c.VZEROUPPER()
	c.RET()
}

// rowOf is the address of row i of six, of which high is the fourth.
func rowOf(base, high, stride reg.Register, i int) operand.Mem {
	if i >= 3 {
		base, i = high, i-3
	}
	switch i {
	case 0:
		return operand.Mem{Base: base}
	default:
		return operand.Mem{Base: base, Index: stride, Scale: uint8(i)}
	}
}

// address is where a parameter lies in the frame.
func address(c *build.Context, name string) operand.Mem {
	component, err := c.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return component.Addr
}
