package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"fairlb/agents"
)

// Graph is the graph of a model while operators are added to it. Its methods
// take the names of values and return the name of the value that they add; each
// name begins with the Scope of that moment. Comments give the shapes of
// values: B is the batch, N the servers, F the features.
type Graph struct {
	LBs, Servers, Features int // of the environments that the policy is for
	// Scope is what the names of values begin with from now on. It changes
	// nothing but names: they tell a reader of the model which LB a value
	// belongs to.
	Scope string

	low, high  float64                     // bounds of weights
	parameters map[string]agents.Parameter // of the checkpoint, by name
	observed   map[int]bool                // the LBs whose observations are inputs
	states     []state                     // of policies that remember
	body       message
	names      int // that were given out
}

// Observation returns the raw observation of an LB [B,N,F], which becomes an
// input of the model.
func (g *Graph) Observation(lb int) string {
	g.observed[lb] = true
	return InputName(lb)
}

// Parameter returns the checkpoint's parameter of that name, one without a
// shape and values where there is none.
func (g *Graph) Parameter(name string) agents.Parameter { return g.parameters[name] }

// name returns a name that no other value has.
func (g *Graph) name(kind string) string {
	g.names++
	return fmt.Sprintf("%s/%s_%d", g.Scope, kind, g.names)
}

// Op adds an operator with one output.
func (g *Graph) Op(kind string, in []string, attributes ...Attribute) string {
	out := g.name(kind)
	g.node(kind, in, out, attributes...)
	return out
}

// node adds an operator whose output has the given name.
func (g *Graph) node(kind string, in []string, out string, attributes ...Attribute) {
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

// Constant adds a constant of the given shape; what says what it is, for its
// name.
func (g *Graph) Constant(what string, dims []int, data []float32) string {
	name := g.name(what)
	g.body.bytes(graphInitializer, tensor(name, elementFloat, dims, rawFloats(data)))
	return name
}

// Scalar adds a constant without dimensions.
func (g *Graph) Scalar(what string, v float32) string { return g.Constant(what, nil, []float32{v}) }

// index adds an integer without dimensions.
func (g *Graph) index(what string, v int) string {
	name := g.name(what)
	g.body.bytes(graphInitializer, tensor(name, elementInt, nil, binary.LittleEndian.AppendUint64(nil, uint64(v))))
	return name
}

// reshape gives x the given dimensions, of which one may be -1: what is left.
func (g *Graph) reshape(x string, dims ...int) string {
	name := g.name("shape")
	var raw []byte
	for _, n := range dims {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(n))
	}
	g.body.bytes(graphInitializer, tensor(name, elementInt, []int{len(dims)}, raw))
	return g.Op("Reshape", []string{x, name})
}

// Add is a + b, broadcast.
func (g *Graph) Add(a, b string) string { return g.Op("Add", []string{a, b}) }

// Sub is a - b, broadcast.
func (g *Graph) Sub(a, b string) string { return g.Op("Sub", []string{a, b}) }

// Mul is a * b, element by element, broadcast.
func (g *Graph) Mul(a, b string) string { return g.Op("Mul", []string{a, b}) }

// Div is a / b, element by element, broadcast.
func (g *Graph) Div(a, b string) string { return g.Op("Div", []string{a, b}) }

// MatMul is the product of the matrices in the last two dimensions.
func (g *Graph) MatMul(a, b string) string { return g.Op("MatMul", []string{a, b}) }

// ServerMean is the mean over the servers, which are axis 1; the axis stays,
// with a length of 1.
func (g *Graph) ServerMean(x string) string {
	return g.Op("ReduceMean", []string{x}, Integers("axes", 1), Integer("keepdims", 1))
}

// Centred is u [B,N] less its mean over the servers.
func (g *Graph) Centred(u string) string { return g.Sub(u, g.ServerMean(u)) }

// Column is column k of the last of three dimensions: [B,N,K] -> [B,N].
func (g *Graph) Column(x string, k int) string {
	return g.Op("Gather", []string{x, g.index("column", k)}, Integer("axis", 2))
}

// Clip is x within [low, high].
func (g *Graph) Clip(x string, low, high float32) string {
	return g.Op("Clip", []string{x, g.Scalar("low", low), g.Scalar("high", high)})
}

// log1p is log(1 + max(x, 0)). It is computed in float64: next to 1, float32
// would lose a small x.
func (g *Graph) log1p(x string) string {
	one := g.name("one")
	g.body.bytes(graphInitializer, tensor(one, elementFloat64, nil, binary.LittleEndian.AppendUint64(nil, math.Float64bits(1))))
	x = g.Op("Cast", []string{g.Op("Relu", []string{x})}, Integer("to", elementFloat64))
	x = g.Op("Log", []string{g.Add(x, one)})
	return g.Op("Cast", []string{x}, Integer("to", elementFloat))
}
