// Package eventqueue holds what is due at a time and finds what is due first: the
// completions of a server's tasks (env/station), and the packets that are under way
// in the simulator (env/sim).
package eventqueue

import "slices"

// Entry is something that is due at a time, real or virtual.
type Entry struct {
	Time  float64
	Order uint32 // the number of entries made before it, which may wrap around
	ID    uint32 // of what is due
}

// before says whether a is due before b: earlier or, at the same time, made
// earlier.
func (a *Entry) before(b *Entry) bool {
	return a.Time < b.Time || a.Time == b.Time && int32(a.Order-b.Order) < 0
}

// sortedMax is the largest number of entries that a Queue keeps sorted.
const sortedMax = 48

// Queue holds entries and returns the one that is due first. Up to sortedMax
// entries are kept sorted, the first due at the end, so that taking it out costs
// nothing and adding one moves those that are due before it. More entries are a
// binary heap, whose cost grows as their logarithm.
type Queue struct {
	list   []Entry
	isHeap bool // the list is a heap
}

// Reset takes all entries out.
func (a *Queue) Reset() { a.list, a.isHeap = a.list[:0], false }

// Len returns the number of entries.
func (a *Queue) Len() int { return len(a.list) }

// First returns the entry that is due first; there must be one.
func (a *Queue) First() *Entry {
	if a.isHeap {
		return &a.list[0]
	}
	return &a.list[len(a.list)-1]
}

// Entries returns all entries, in no order that means anything. They are the queue's
// own, until it changes.
func (a *Queue) Entries() []Entry { return a.list }

// Push adds an entry that was made after all those that are there.
func (a *Queue) Push(x Entry) {
	if !a.isHeap && len(a.list) < sortedMax {
		a.list = append(a.list, x)
		list := a.list
		i := len(list) - 1
		for ; i > 0 && list[i-1].Time <= x.Time; i-- { // of equal times the older goes first
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

// Pop takes out the entry that is due first; there must be one.
func (a *Queue) Pop() Entry {
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
		slices.SortFunc(list, func(a, b Entry) int {
			if a.before(&b) {
				return 1
			}
			return -1
		})
	}
	return first
}
