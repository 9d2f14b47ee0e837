package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// compileTape turns a differentiated graph into the steps that compute it, one after
// the other, over memory that is allocated once: a node's values are in the same
// memory at every run, which values returns by node. Gorgonia's own machine does the
// same work, but allocates for every node of every run; a test holds the two to the
// same bits.
func compileTape(expr *gorgonia.ExprGraph) (steps []func(), values map[*gorgonia.Node][]float32, err error) {
	sorted, err := gorgonia.Sort(expr) // results before what they are made of
	if err != nil {
		return nil, nil, fmt.Errorf("%w: order: %w", ErrGraph, err)
	}
	values = make(map[*gorgonia.Node][]float32, len(sorted))
	for i := len(sorted) - 1; i >= 0; i-- {
		n := sorted[i]
		var args [][]float32
		for from := expr.From(n.ID()); from.Next(); {
			args = append(args, values[from.Node().(*gorgonia.Node)])
		}
		switch op := n.Op().(type) {
		case nil:
			if values[n], err = float32s(n.Value(), n.Shape()); err != nil {
				return nil, nil, fmt.Errorf("%w: %v: %w", ErrGraph, n, err)
			}
		case *forwardOp:
			values[n] = op.buffer
			steps = append(steps, func() { op.kernel.Forward(op.buffer, args) })
		case *backwardOp:
			values[n] = op.buffer
			in, out, dout := args[:len(op.parts)], args[len(op.parts)], args[len(op.parts)+1]
			steps = append(steps, func() { op.kernel.Backward(op.parts, dout, out, in) })
		case *viewOp:
			values[n] = op.buffer
		default: // the sum of a node's gradients
			if n.Op().String() != "+ false" || len(args) != 2 || len(args[0]) != len(args[1]) {
				return nil, nil, fmt.Errorf("%w: unknown operation %v of %d operands", ErrGraph, n.Op(), len(args))
			}
			sum := make([]float32, len(args[0]))
			values[n] = sum
			steps = append(steps, func() {
				for i, v := range args[0] {
					sum[i] = v + args[1][i]
				}
			})
		}
	}
	if len(steps) == 0 {
		return nil, nil, fmt.Errorf("%w: nothing to compute", ErrGraph)
	}
	return steps, values, nil
}
