package nn

import (
	"errors"
	"fmt"
	"slices"
)

// ErrShape reports inputs whose shapes do not fit an operation.
var ErrShape = errors.New("nn: shape does not fit")

// Kernel is one operation of a network: a function of several tensors and its
// derivative, over row-major slices. A value of a kernel serves a single node of a
// single Builder, so it may keep scratch memory, and what Forward has computed, for
// Backward.
type Kernel interface {
	// Name names the operation in errors.
	Name() string

	// Bind fixes the shapes of the inputs and returns that of the output, or
	// an error that wraps ErrShape. It is called once, before the others.
	Bind(in ...[]int) ([]int, error)

	// Forward writes all of the output, whatever was there.
	Forward(out []float32, in [][]float32)

	// Backward writes all of the gradient of the loss by each input, given the
	// gradient dout by the output. din[i] is nil where the gradient by in[i] is
	// not wanted. It follows a Forward on the same inputs.
	Backward(din [][]float32, dout, out []float32, in [][]float32)
}

// Node is a tensor that a Builder computes.
type Node struct {
	shape  []int
	data   []float32
	owner  any        // the builder that made it
	symbol *graphNode // in a Graph
}

// Shape returns the shape; it must not be changed.
func (n *Node) Shape() []int { return n.shape }

// Data returns the values: an input's to be written before a run, any other
// node's to be read after it. It is the same memory at every run.
func (n *Node) Data() []float32 { return n.data }

// Builder is what a network is written against. After a first failure it
// answers every call with an empty Node and keeps the failure for Err.
type Builder interface {
	// Input adds a tensor that is written before each run.
	Input(name string, shape ...int) *Node
	// Param adds a parameter, or returns its node if it has been added before.
	Param(p *Param) *Node
	// Apply adds the output of a kernel of the given inputs. The kernel must not
	// be applied again.
	Apply(k Kernel, in ...*Node) *Node
	// Detach returns the same values, through which no gradient flows.
	Detach(n *Node) *Node
	// Err returns the first failure.
	Err() error
}

// bind checks that the inputs were made by owner and asks the kernel for the
// shape of its output.
func bind(owner any, k Kernel, in []*Node) ([]int, error) {
	shapes := make([][]int, len(in))
	for i, n := range in {
		if n == nil || n.owner != owner {
			return nil, fmt.Errorf("%w: %s: input %d is a node of another builder", ErrShape, k.Name(), i)
		}
		shapes[i] = n.shape
	}
	shape, err := k.Bind(shapes...)
	if err != nil {
		return nil, fmt.Errorf("%s of %v: %w", k.Name(), shapes, err)
	}
	if sizeOf(shape) == 0 {
		return nil, fmt.Errorf("%w: %s of %v gives the empty shape %v", ErrShape, k.Name(), shapes, shape)
	}
	return shape, nil
}

// divide hands workers to a kernel whose work can be divided.
func divide(k Kernel, w *Workers) {
	if u, ok := k.(divisibleKernel); ok {
		u.use(w)
	}
}

// wantInputs checks the number of inputs of a kernel and their dimensions,
// one number per input.
func wantInputs(in [][]int, dims ...int) error {
	if len(in) != len(dims) {
		return fmt.Errorf("%w: %d inputs, want %d", ErrShape, len(in), len(dims))
	}
	for i, s := range in {
		if len(s) != dims[i] {
			return fmt.Errorf("%w: input %d has %d dimensions, want %d", ErrShape, i, len(s), dims[i])
		}
	}
	return nil
}

// WantShape returns an error that wraps ErrShape, and names the input, unless
// its shape is that wanted: for Bind.
func WantShape(name string, got []int, want ...int) error {
	if slices.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("%w: %s has shape %v, want %v", ErrShape, name, got, want)
}

// wantServers checks that rows is a whole number of states of n servers.
func wantServers(rows, n int) error {
	if n <= 0 || rows%n != 0 {
		return fmt.Errorf("%w: %d rows are no whole number of states of %d servers", ErrShape, rows, n)
	}
	return nil
}

// sized returns s if it has n values, else a new slice of n.
func sized(s []float32, n int) []float32 {
	if len(s) == n {
		return s
	}
	return make([]float32, n)
}
