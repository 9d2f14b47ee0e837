package nn

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// opBase is what the three Gorgonia ops of a kernel share: concrete types and
// shapes, one output tensor that every run reuses, and an identity.
//
// Gorgonia's compiler takes nodes with equal hashes for the same expression.
// An op here owns memory and so is equal to no other: its number in the graph is in
// its hash.
type opBase struct {
	name   string
	id     int
	in     [][]int // shapes of the inputs
	shape  []int   // shape of the output
	buffer []float32
	value  *tensor.Dense // over buffer
	args   [][]float32   // the inputs of the present run
}

func newOpBase(name string, id int, in [][]int, shape []int, buffer []float32) opBase {
	return opBase{
		name: name, id: id, in: in, shape: shape, buffer: buffer,
		value: denseOf(buffer, shape),
		args:  make([][]float32, len(in)),
	}
}

// denseOf returns a tensor that shares the memory of data.
func denseOf(data []float32, shape []int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func typeOf(shape []int) hm.Type {
	return gorgonia.TensorType{Dims: len(shape), Of: tensor.Float32}
}

// Arity implements gorgonia.Op.
func (o *opBase) Arity() int { return len(o.in) }

// Type implements gorgonia.Op. Gorgonia returns the result to a pool, so each
// call makes a new one.
func (o *opBase) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, s := range o.in {
		types = append(types, typeOf(s))
	}
	return hm.NewFnType(append(types, typeOf(o.shape))...)
}

// InferShape implements gorgonia.Op.
func (o *opBase) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape(o.shape).Clone(), nil
}

// ReturnsPtr, CallsExtern and OverwritesInput implement gorgonia.Op: Gorgonia
// gives every op a register of its own and overwrites none.
func (o *opBase) ReturnsPtr() bool { return false }

// CallsExtern implements gorgonia.Op.
func (o *opBase) CallsExtern() bool { return false }

// OverwritesInput implements gorgonia.Op.
func (o *opBase) OverwritesInput() int { return -1 }

// WriteHash implements gorgonia.Op.
func (o *opBase) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s#%d%v", o.name, o.id, o.shape) }

// Hashcode implements gorgonia.Op: the FNV-1a hash of what WriteHash writes.
func (o *opBase) Hashcode() uint32 {
	h := uint32(2166136261)
	for _, c := range []byte(fmt.Sprintf("%s#%d%v", o.name, o.id, o.shape)) {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// String implements gorgonia.Op.
func (o *opBase) String() string { return fmt.Sprintf("%s#%d", o.name, o.id) }

// load takes the inputs of a run; their tensors are contiguous.
func (o *opBase) load(inputs []gorgonia.Value) (err error) {
	if len(inputs) != len(o.in) {
		return fmt.Errorf("%w: %s gets %d inputs, want %d", ErrShape, o, len(inputs), len(o.in))
	}
	for i, v := range inputs {
		if o.args[i], err = float32s(v, o.in[i]); err != nil {
			return fmt.Errorf("%s: input %d: %w", o, i, err)
		}
	}
	return nil
}

// float32s returns the values of a dense float32 tensor of the given shape.
func float32s(v gorgonia.Value, shape []int) ([]float32, error) {
	d, ok := v.(*tensor.Dense)
	if !ok || d.Dtype() != tensor.Float32 {
		return nil, fmt.Errorf("%w: got %T, want a dense float32 tensor", ErrShape, v)
	}
	if d.DataSize() != sizeOf(shape) {
		return nil, fmt.Errorf("%w: shape %v, want %v", ErrShape, d.Shape(), shape)
	}
	return d.Float32s(), nil
}

// forwardOp is a kernel as a node of a graph.
type forwardOp struct {
	opBase
	kernel Kernel
	wanted []bool     // inputs whose gradient is wanted
	next   func() int // numbers the ops of the graph
}

var _ gorgonia.SDOp = (*forwardOp)(nil)

// Do implements gorgonia.Op. The result is the op's own buffer.
func (o *forwardOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	if err := o.load(inputs); err != nil {
		return nil, err
	}
	o.kernel.Forward(o.buffer, o.args)
	return o.value, nil
}

// DiffWRT implements gorgonia.SDOp.
func (o *forwardOp) DiffWRT(int) []bool { return o.wanted }

// SymDiff implements gorgonia.SDOp: one node computes all wanted gradients
// into one buffer, and one view per input hands out its part.
func (o *forwardOp) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	back := newBackwardOp(o)
	children := append(append(gorgonia.Nodes{}, inputs...), output, grad)
	packed, err := gorgonia.ApplyOp(back, children...)
	if err != nil {
		return nil, fmt.Errorf("nn: gradient of %s: %w", o, err)
	}
	grads := make(gorgonia.Nodes, len(inputs))
	for i, part := range back.parts {
		if part == nil {
			continue
		}
		view := &viewOp{newOpBase("view", o.next(), [][]int{back.shape}, o.in[i], part)}
		if grads[i], err = gorgonia.ApplyOp(view, packed); err != nil {
			return nil, fmt.Errorf("nn: gradient of %s by input %d: %w", o, i, err)
		}
	}
	return grads, nil
}

// backwardOp computes the wanted gradients of a forwardOp, one after the
// other in one buffer. Its inputs are those of the forwardOp, its output, and
// the gradient by the output.
type backwardOp struct {
	opBase
	kernel Kernel
	parts  [][]float32 // of the buffer, one per input of the kernel; nil if not wanted
}

var _ gorgonia.Op = (*backwardOp)(nil)

func newBackwardOp(o *forwardOp) *backwardOp {
	total := 0
	for i, w := range o.wanted {
		if w {
			total += sizeOf(o.in[i])
		}
	}
	buffer := make([]float32, total)
	parts := make([][]float32, len(o.in))
	off := 0
	for i, w := range o.wanted {
		if w {
			end := off + sizeOf(o.in[i])
			parts[i] = buffer[off:end:end]
			off = end
		}
	}
	in := append(append([][]int{}, o.in...), o.shape, o.shape)
	return &backwardOp{
		opBase: newOpBase("gradient of "+o.name, o.next(), in, []int{total}, buffer),
		kernel: o.kernel,
		parts:  parts,
	}
}

// Do implements gorgonia.Op.
func (o *backwardOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	if err := o.load(inputs); err != nil {
		return nil, err
	}
	n := len(o.parts)
	o.kernel.Backward(o.parts, o.args[n+1], o.args[n], o.args[:n])
	return o.value, nil
}

// viewOp hands out a part of a backwardOp's buffer, with its shape.
type viewOp struct{ opBase }

var _ gorgonia.Op = (*viewOp)(nil)

// Do implements gorgonia.Op.
func (o *viewOp) Do(...gorgonia.Value) (gorgonia.Value, error) { return o.value, nil }
