package nn

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ErrGraph reports a graph that Gorgonia cannot differentiate, compile or run.
var ErrGraph = errors.New("nn: graph")

// Graph builds a Gorgonia graph of kernels. It computes a loss and its
// gradient by the parameters of one arena; other arenas' parameters are
// constants to it.
type Graph struct {
	expr      *gorgonia.ExprGraph
	trainable *Arena
	params    map[*Param]*Node
	order     []*Param // the parameters of trainable, in order of first use
	count     int      // nodes and operations numbered so far
	workers   *Workers // of the kernels that are applied next
	err       error    // the first failure
}

// graphNode is a Gorgonia node and whether a gradient flows into it.
type graphNode struct {
	node *gorgonia.Node
	grad bool
}

var _ Builder = (*Graph)(nil)

// NewGraph returns an empty graph whose gradients are by the parameters of
// trainable; nil for a graph without gradients.
func NewGraph(trainable *Arena) *Graph {
	return &Graph{expr: gorgonia.NewGraph(), trainable: trainable, params: make(map[*Param]*Node)}
}

// UseWorkers has workers divide the work of the kernels that are applied from now on.
func (g *Graph) UseWorkers(w *Workers) { g.workers = w }

// next numbers a node or an operation.
func (g *Graph) next() int {
	g.count++
	return g.count
}

// fail keeps the first failure and returns an empty node.
func (g *Graph) fail(err error) *Node {
	if g.err == nil {
		g.err = err
	}
	return &Node{owner: g}
}

// Err implements Builder.
func (g *Graph) Err() error { return g.err }

// Input implements Builder.
func (g *Graph) Input(name string, shape ...int) *Node {
	if sizeOf(shape) == 0 {
		return g.fail(fmt.Errorf("%w: input %q has the empty shape %v", ErrShape, name, shape))
	}
	return g.leaf("input "+name, shape, make([]float32, sizeOf(shape)), false)
}

// Param implements Builder.
func (g *Graph) Param(p *Param) *Node {
	if n, ok := g.params[p]; ok {
		return n
	}
	n := g.leaf("parameter "+p.name, p.shape, p.home.view(p), p.home == g.trainable)
	g.params[p] = n
	if p.home == g.trainable {
		g.order = append(g.order, p)
	}
	return n
}

// leaf adds a tensor over data. The number in its name keeps it apart from
// other leaves in Gorgonia's hashes.
func (g *Graph) leaf(name string, shape []int, data []float32, grad bool) *Node {
	n := gorgonia.NewTensor(g.expr, tensor.Float32, len(shape),
		gorgonia.WithShape(shape...),
		gorgonia.WithName(fmt.Sprintf("%s #%d", name, g.next())),
		gorgonia.WithValue(denseOf(data, shape)))
	return &Node{shape: shape, data: data, owner: g, symbol: &graphNode{n, grad}}
}

// Apply implements Builder.
func (g *Graph) Apply(k Kernel, in ...*Node) *Node {
	if g.err != nil {
		return &Node{owner: g}
	}
	shape, err := bind(g, k, in)
	if err != nil {
		return g.fail(err)
	}
	divide(k, g.workers)
	op := &forwardOp{kernel: k, next: g.next, wanted: make([]bool, len(in))}
	shapes := make([][]int, len(in))
	children := make(gorgonia.Nodes, len(in))
	grad := false
	for i, n := range in {
		shapes[i], children[i], op.wanted[i] = n.shape, n.symbol.node, n.symbol.grad
		grad = grad || n.symbol.grad
	}
	op.opBase = newOpBase(k.Name(), g.next(), shapes, shape, make([]float32, sizeOf(shape)))
	node, err := gorgonia.ApplyOp(op, children...)
	if err != nil {
		return g.fail(fmt.Errorf("%w: %s: %w", ErrGraph, k.Name(), err))
	}
	return &Node{shape: shape, data: op.buffer, owner: g, symbol: &graphNode{node, grad}}
}

// Detach implements Builder: the same Gorgonia node, marked as a constant.
func (g *Graph) Detach(n *Node) *Node {
	if g.err != nil {
		return &Node{owner: g}
	}
	if n == nil || n.owner != g {
		return g.fail(fmt.Errorf("%w: detached node is one of another builder", ErrShape))
	}
	return &Node{shape: n.shape, data: n.data, owner: g, symbol: &graphNode{n.symbol.node, false}}
}

// Compile differentiates loss, of shape [1], by the parameters of the
// trainable arena, each of which the loss must use, and compiles the graph.
// A nil loss compiles the forward pass alone. The graph takes no more nodes.
func (g *Graph) Compile(loss *Node) (*Program, error) {
	if g.err != nil {
		return nil, g.err
	}
	p := &Program{loss: loss}
	if loss != nil {
		if err := g.differentiate(p); err != nil {
			return nil, err
		}
	}
	seen := make(map[uint32]string)
	for _, n := range g.expr.AllNodes() {
		if other, dup := seen[n.Hashcode()]; dup {
			return nil, fmt.Errorf("%w: nodes %q and %q have the same hash", ErrGraph, other, n)
		}
		seen[n.Hashcode()] = n.String()
	}
	steps, values, err := compileTape(g.expr)
	if err != nil {
		return nil, err
	}
	p.steps = steps
	for i := range p.parts {
		part := &p.parts[i]
		part.src = values[part.node]
		if len(part.src) != len(part.dst) {
			return nil, fmt.Errorf("%w: gradient %v has %d values, want %d", ErrGraph, part.node, len(part.src), len(part.dst))
		}
	}
	g.err = fmt.Errorf("%w: already compiled", ErrGraph)
	return p, nil
}

// differentiate adds the gradient nodes. It seeds them with a one of its own:
// gorgonia.Grad takes one that all graphs of the process share, and would race
// when learners build theirs at once.
func (g *Graph) differentiate(p *Program) error {
	if err := WantShape("loss", p.loss.shape, 1); err != nil {
		return err
	}
	if g.trainable == nil || len(g.order) < len(g.trainable.params) {
		return fmt.Errorf("%w: the loss must use every parameter that is trained, and at least one", ErrGraph)
	}
	if !p.loss.symbol.grad {
		return fmt.Errorf("%w: no parameter that is trained reaches the loss", ErrGraph)
	}
	seed := g.leaf("seed", []int{1}, []float32{1}, false)
	wrt := make(gorgonia.Nodes, len(g.order))
	for i, q := range g.order {
		wrt[i] = g.params[q].symbol.node
	}
	grads, err := gorgonia.Backpropagate(gorgonia.Nodes{p.loss.symbol.node}, gorgonia.Nodes{seed.symbol.node}, wrt)
	if err != nil {
		return fmt.Errorf("%w: gradient: %w", ErrGraph, err)
	}
	if len(grads) != len(wrt) {
		return fmt.Errorf("%w: %d gradients of %d parameters", ErrGraph, len(grads), len(wrt))
	}
	p.gradient = make([]float32, len(g.trainable.Values()))
	for i, q := range g.order {
		if grads[i] == nil {
			return fmt.Errorf("%w: no gradient by %q", ErrGraph, q.name)
		}
		p.parts = append(p.parts, gradientPart{node: grads[i], dst: p.gradient[q.off : q.off+q.size]})
	}
	return nil
}

// Program is a compiled graph. It serves one goroutine at a time.
type Program struct {
	steps    []func()
	loss     *Node
	gradient []float32
	parts    []gradientPart
}

// gradientPart is the gradient by one parameter: where the graph has it, and its place
// in the flat gradient.
type gradientPart struct {
	node     *gorgonia.Node
	dst, src []float32
}

// Run computes every node from the inputs and the parameters' present values.
// It allocates nothing.
func (p *Program) Run() {
	for _, step := range p.steps {
		step()
	}
	for _, part := range p.parts {
		copy(part.dst, part.src)
	}
}

// Loss returns the loss of the last run.
func (p *Program) Loss() float32 { return p.loss.data[0] }

// Gradient returns the gradient of the last run, in the layout of the
// trainable arena.
func (p *Program) Gradient() []float32 { return p.gradient }
