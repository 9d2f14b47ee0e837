package nn

import "sync"

// Workers are goroutines that share the work of a kernel. Which rows a worker
// takes depends on their number alone, and no sum runs over two workers' rows:
// the bits are the same for any number of workers, and for none.
type Workers struct {
	count int
	tasks chan task
	done  sync.WaitGroup
}

// task is a part of a kernel's work.
type task struct {
	work        phasedWork
	phase, part int
	parts       int
}

// phasedWork is work in phases, each of parts that may run at once.
type phasedWork interface {
	run(phase, part, parts int)
}

// NewWorkers starts workers, count with the caller, at least 1. They serve one
// goroutine at a time and end with Close.
func NewWorkers(count int) *Workers {
	w := &Workers{count: max(count, 1), tasks: make(chan task)}
	for range w.count - 1 {
		go func() {
			for t := range w.tasks {
				t.work.run(t.phase, t.part, t.parts)
				w.done.Done()
			}
		}()
	}
	return w
}

// Close ends the workers; nil has none to end.
func (w *Workers) Close() {
	if w != nil {
		close(w.tasks)
	}
}

// do runs a phase in as many parts as there are workers, at most limit.
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
	work.run(phase, 0, parts)
	w.done.Wait()
}

// partOf returns the part of n rows, in blocks of unit, that a worker takes.
func partOf(n, unit, part, parts int) (from, to int) {
	blocks := (n + unit - 1) / unit
	return min(part*blocks/parts*unit, n), min((part+1)*blocks/parts*unit, n)
}

// tileRows is a multiple of the rows of a tile of the matrix product: a share
// of whole tiles.
const tileRows = 12

// divisibleKernel is a kernel whose work can be divided.
type divisibleKernel interface {
	use(w *Workers)
}

// dividedKernel is embedded in such a kernel.
type dividedKernel struct{ workers *Workers }

func (b *dividedKernel) use(w *Workers) { b.workers = w }
