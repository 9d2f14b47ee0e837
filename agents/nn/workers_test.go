package nn

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/parallel"
)

// brokenWork panics in one of its parts and counts the others.
type brokenWork struct {
	part int
	done atomic.Int64
}

func (b *brokenWork) run(_, part, _ int) {
	if part == b.part {
		panic("no such row")
	}
	b.done.Add(1)
}

// TestWorkersPanic: the panic of a part, the caller's own or a goroutine's, is
// the caller's once all parts have ended, and the workers serve on.
func TestWorkersPanic(t *testing.T) {
	t.Parallel()
	w := NewWorkers(3)
	defer w.Close()
	for part := range 3 {
		broken := &brokenWork{part: part}
		err := func() (err error) {
			defer parallel.Catch(&err)
			w.do(broken, 0, 10)
			return nil
		}()
		var fault *parallel.PanicError
		require.ErrorAs(t, err, &fault, "part %d", part)
		require.Equal(t, "no such row", fault.Value)
		require.Contains(t, fault.Stack, "brokenWork")
		require.EqualValues(t, 2, broken.done.Load())
	}
	whole := &brokenWork{part: -1}
	w.do(whole, 0, 10)
	require.EqualValues(t, 3, whole.done.Load())
}

// TestWorkersAllocateNothing: dividing work is on the path of every kernel.
func TestWorkersAllocateNothing(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	work := &brokenWork{part: -1}
	require.Zero(t, testing.AllocsPerRun(100, func() { w.do(work, 0, 10) }))
}
