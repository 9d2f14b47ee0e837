package weblog

import "container/heap"

// request is what the trace will say of a line.
type request struct {
	begin int64 // us since 1970
	order int   // of reading
	query string
}

// window holds the requests that may still be overtaken by ones that began
// before them, the earliest first; of equal times that which was read first.
type window []request

// push adds a request.
func (w *window) push(r request) { heap.Push((*byBegin)(w), r) }

// pop removes and returns the earliest request.
func (w *window) pop() request { return heap.Pop((*byBegin)(w)).(request) }

// byBegin is the order of the heap.
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
