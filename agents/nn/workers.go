package nn

import (
	"sync"
	"sync/atomic"

	"fairlb/env/parallel"
)

// Workers are goroutines that divide the work of a kernel among them. Which rows a
// worker takes depends on the number of workers alone, and no sum runs over the rows
// of two of them: the bits are the same for any number of workers, and for none.
type Workers struct {
	count int
	tasks chan task
	done  sync.WaitGroup
	fault atomic.Pointer[error] // of a goroutine, until do has returned
}

// task is a part of a kernel's work.
type task struct {
	work        phasedWork
	phase, part int
	parts       int
}

// run does the part; a panic is its error.
func (t task) run() (err error) {
	defer parallel.Catch(&err)
	t.work.run(t.phase, t.part, t.parts)
	return nil
}

// phasedWork is work in phases, one after the other, each of parts that may run at
// once.
type phasedWork interface {
	run(phase, part, parts int)
}

// NewWorkers starts count-1 goroutines, which with the caller are count workers. They
// serve one caller at a time and end with Close.
func NewWorkers(count int) *Workers {
	w := &Workers{count: max(count, 1), tasks: make(chan task)}
	for range w.count - 1 {
		go func() {
			for t := range w.tasks {
				if err := t.run(); err != nil {
					fault := err // escapes, which costs nothing while there is none
					w.fault.CompareAndSwap(nil, &fault)
				}
				w.done.Done()
			}
		}()
	}
	return w
}

// Close ends the goroutines; nil Workers have none.
func (w *Workers) Close() {
	if w != nil {
		close(w.tasks)
	}
}

// do runs a phase of the work in as many parts as there are workers, but no more than
// limit. It panics with the *parallel.PanicError of a part that panicked, once all
// have ended.
func (w *Workers) do(work phasedWork, phase, limit int) {
	if w == nil || w.count == 1 || limit < 2 {
		work.run(phase, 0, 1)
		return
	}
	parts := min(w.count, limit)
	w.done.Add(parts - 1)
	for i := 1; i < parts; i++ {
		w.tasks <- task{work, phase, i, parts}
	}
	err := task{work, phase, 0, parts}.run()
	w.done.Wait()
	if fault := w.fault.Swap(nil); err == nil && fault != nil {
		err = *fault
	}
	if err != nil {
		panic(err)
	}
}

// partOf returns the rows, of n in blocks of unit, that are the given one of so many
// parts.
func partOf(n, unit, part, parts int) (from, to int) {
	blocks := (n + unit - 1) / unit
	return min(part*blocks/parts*unit, n), min((part+1)*blocks/parts*unit, n)
}

// tileRows is a multiple of the rows of a tile of the matrix product, so that parts
// are of whole tiles.
const tileRows = 12

// divisibleKernel is a kernel whose work can be divided.
type divisibleKernel interface {
	use(w *Workers)
}

// dividedKernel is embedded in kernels whose work can be divided.
type dividedKernel struct{ workers *Workers }

func (b *dividedKernel) use(w *Workers) { b.workers = w }
