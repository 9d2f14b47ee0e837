package sim

import "slices"

// entry is something that is due at a time, real or virtual.
type entry struct {
	time  float64
	order uint32 // the number of entries made before it, which may wrap around
	id    uint32 // of the request
}

// before says whether a is due before b: earlier or, at the same time, made
// earlier.
func (a *entry) before(b *entry) bool {
	return a.time < b.time || a.time == b.time && int32(a.order-b.order) < 0
}

// sortedMax is the largest number of entries that an eventQueue keeps sorted.
const sortedMax = 48

// eventQueue holds entries and returns the one that is due first. Up to sortedMax
// entries are kept sorted, the first due at the end, so that taking it out costs
// nothing and adding one moves those that are due before it. More entries are a
// binary heap, whose cost grows as their logarithm.
type eventQueue struct {
	list   []entry
	isHeap bool // the list is a heap
}

func (a *eventQueue) reset() { a.list, a.isHeap = a.list[:0], false }

func (a *eventQueue) len() int { return len(a.list) }

// first returns the entry that is due first; there must be one.
func (a *eventQueue) first() *entry {
	if a.isHeap {
		return &a.list[0]
	}
	return &a.list[len(a.list)-1]
}

// push adds an entry that was made after all those that are there.
func (a *eventQueue) push(x entry) {
	if !a.isHeap && len(a.list) < sortedMax {
		a.list = append(a.list, x)
		list := a.list
		i := len(list) - 1
		for ; i > 0 && list[i-1].time <= x.time; i-- { // of equal times the older goes first
			list[i] = list[i-1]
		}
		list[i] = x
		return
	}
	if !a.isHeap {
		slices.Reverse(a.list) // what is sorted in ascending order is a heap
		a.isHeap = true
	}
	a.list = append(a.list, x)
	list := a.list
	i := len(list) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !x.before(&list[up]) {
			break
		}
		list[i] = list[up]
		i = up
	}
	list[i] = x
}

// pop takes out the entry that is due first; there must be one.
func (a *eventQueue) pop() entry {
	n := len(a.list) - 1
	if !a.isHeap {
		x := a.list[n]
		a.list = a.list[:n]
		return x
	}
	first, x := a.list[0], a.list[n]
	list := a.list[:n]
	a.list = list
	i := 0
	for down := 1; down < n; down = 2*i + 1 {
		if down+1 < n && list[down+1].before(&list[down]) {
			down++
		}
		if !list[down].before(&x) {
			break
		}
		list[i] = list[down]
		i = down
	}
	list[i] = x
	if n == sortedMax/2 {
		a.isHeap = false
		slices.SortFunc(list, func(a, b entry) int {
			if a.before(&b) {
				return 1
			}
			return -1
		})
	}
	return first
}
