package nn

import "fmt"

// Plan runs kernels in the order in which they were applied, on the values of
// one arena, without a graph and without derivatives. It serves one goroutine
// at a time; once built it allocates nothing.
type Plan struct {
	values *Arena
	params map[*Param]*Node
	steps  []step
	err    error // the first failure
}

// step is one kernel of a plan, with its memory.
type step struct {
	kernel Kernel
	out    []float32
	in     [][]float32
}

var _ Builder = (*Plan)(nil)

// NewPlan returns an empty plan that reads parameters from values: the arena
// that they were added to or a clone of it.
func NewPlan(values *Arena) *Plan {
	return &Plan{values: values, params: make(map[*Param]*Node)}
}

// Input implements Builder.
func (p *Plan) Input(name string, shape ...int) *Node {
	size := sizeOf(shape)
	if size == 0 && p.err == nil {
		p.err = fmt.Errorf("%w: input %q has the empty shape %v", ErrShape, name, shape)
	}
	return &Node{shape: shape, data: make([]float32, size), owner: p}
}

// Param implements Builder.
func (p *Plan) Param(q *Param) *Node {
	if n, ok := p.params[q]; ok {
		return n
	}
	if !p.values.holds(q) {
		if p.err == nil {
			p.err = fmt.Errorf("%w: %q is not a parameter of the plan's arena", ErrParameter, q.name)
		}
		return &Node{owner: p}
	}
	n := &Node{shape: q.shape, data: p.values.view(q), owner: p}
	p.params[q] = n
	return n
}

// Apply implements Builder.
func (p *Plan) Apply(k Kernel, in ...*Node) *Node {
	if p.err != nil {
		return &Node{owner: p}
	}
	shape, err := bind(p, k, in)
	if err != nil {
		p.err = err
		return &Node{owner: p}
	}
	s := step{kernel: k, out: make([]float32, sizeOf(shape))}
	for _, n := range in {
		s.in = append(s.in, n.data)
	}
	p.steps = append(p.steps, s)
	return &Node{shape: shape, data: s.out, owner: p}
}

// Detach implements Builder; a plan has no gradients.
func (p *Plan) Detach(n *Node) *Node {
	if p.err == nil && (n == nil || n.owner != p) {
		p.err = fmt.Errorf("%w: detached node is one of another builder", ErrShape)
	}
	return n
}

// Err implements Builder.
func (p *Plan) Err() error { return p.err }

// Run computes every node from the inputs and the arena's present values. It
// panics on a plan that failed to build: check Err first.
func (p *Plan) Run() {
	if p.err != nil {
		panic("nn: run of a plan that failed to build")
	}
	for i := range p.steps {
		s := &p.steps[i]
		s.kernel.Forward(s.out, s.in)
	}
}
