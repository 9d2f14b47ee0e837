package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// graph is a graph that is being built. Values are known by their names, which
// begin with the scope of the moment.
type graph struct {
	scope   string
	body    message
	counted int
}

// name returns a name that no other value has.
func (g *graph) name(kind string) string {
	g.counted++
	return fmt.Sprintf("%s/%s_%d", g.scope, kind, g.counted)
}

// op adds an operator and returns its output.
func (g *graph) op(kind string, in []string, attributes ...attribute) string {
	out := g.name(kind)
	g.node(kind, in, out, attributes...)
	return out
}

func (g *graph) node(kind string, in []string, out string, attributes ...attribute) {
	var n message
	for _, name := range in {
		n.text(nodeInput, name)
	}
	n.text(nodeOutput, out)
	n.text(nodeName, "node:"+out)
	n.text(nodeOp, kind)
	for _, a := range attributes {
		n.bytes(nodeAttribute, a.encode())
	}
	g.body.bytes(graphNode, n)
}

// floats adds a constant.
func (g *graph) floats(what string, dims []int, data []float32) string {
	name := g.name(what)
	g.body.bytes(graphInitializer, tensor(name, elementFloat, dims, rawFloats(data)))
	return name
}

// number adds a constant without dimensions.
func (g *graph) number(what string, v float32) string { return g.floats(what, nil, []float32{v}) }

// index adds an integer without dimensions.
func (g *graph) index(what string, v int) string {
	name := g.name(what)
	g.body.bytes(graphInitializer, tensor(name, elementInt, nil, binary.LittleEndian.AppendUint64(nil, uint64(v))))
	return name
}

func (g *graph) add(a, b string) string    { return g.op("Add", []string{a, b}) }
func (g *graph) sub(a, b string) string    { return g.op("Sub", []string{a, b}) }
func (g *graph) mul(a, b string) string    { return g.op("Mul", []string{a, b}) }
func (g *graph) matMul(a, b string) string { return g.op("MatMul", []string{a, b}) }

// meanOfServers is the mean over axis 1, which stays with a length of 1.
func (g *graph) meanOfServers(x string) string {
	return g.op("ReduceMean", []string{x}, integers("axes", 1), integer("keepdims", 1))
}

// column takes a column of the last of three dimensions: [B,N,K] -> [B,N].
func (g *graph) column(x string, k int) string {
	return g.op("Gather", []string{x, g.index("column", k)}, integer("axis", 2))
}

// clip bounds x.
func (g *graph) clip(x string, low, high float32) string {
	return g.op("Clip", []string{x, g.number("low", low), g.number("high", high)})
}

// log1p is log(1 + max(x, 0)), by way of float64: next to 1, float32 would lose
// small x.
func (g *graph) log1p(x string) string {
	one := g.name("one")
	g.body.bytes(graphInitializer, tensor(one, elementFloat64, nil, binary.LittleEndian.AppendUint64(nil, math.Float64bits(1))))
	x = g.op("Cast", []string{g.op("Relu", []string{x})}, integer("to", elementFloat64))
	x = g.op("Log", []string{g.add(x, one)})
	return g.op("Cast", []string{x}, integer("to", elementFloat))
}

// inside returns the float32 nearest to v that is not beyond it, as seen from
// 1, the weight that any bounds of weights include.
func inside(v float64) float32 {
	f := float32(v)
	if v < 1 && float64(f) < v || v > 1 && float64(f) > v {
		return math.Nextafter32(f, 1)
	}
	return f
}
