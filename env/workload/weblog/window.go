package weblog

import "container/heap"

// request is what the trace will have of a line.
type request struct {
	begin int64 // us since 1970
	order int   // its number in the order of reading
	query string
	visit *visit // nil if it is not kept
}

// window holds the requests that cannot be written yet, because a request that began
// before them may still be read. The earliest is first; of equal times, the one that
// was read first.
type window []request

// push adds a request.
func (w *window) push(r request) { heap.Push((*byBegin)(w), r) }

// pop removes and returns the earliest request.
func (w *window) pop() request { return heap.Pop((*byBegin)(w)).(request) }

// byBegin implements heap.Interface for a window.
type byBegin []request

func (w byBegin) Len() int { return len(w) }
func (w byBegin) Less(i, j int) bool {
	return w[i].begin < w[j].begin || w[i].begin == w[j].begin && w[i].order < w[j].order
}
func (w byBegin) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *byBegin) Push(x any)   { *w = append(*w, x.(request)) }
func (w *byBegin) Pop() any {
	old := *w
	x := old[len(old)-1]
	old[len(old)-1] = request{}
	*w = old[:len(old)-1]
	return x
}
