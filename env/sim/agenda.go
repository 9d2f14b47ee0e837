package sim

import "slices"

// entry is something that is due at a time, real or virtual.
type entry struct {
	time  float64
	order uint32 // entries made before it; of equal times the older goes first
	id    uint32
}

func (a *entry) before(b *entry) bool {
	return a.time < b.time || a.time == b.time && int32(a.order-b.order) < 0
}

// few is the number of entries up to which an agenda is sorted.
const few = 48

// agenda holds entries and hands out the first due. Few are kept sorted, the
// first due last, so that taking it costs nothing and a new one moves those
// before it; many are a binary heap, whose cost grows as their logarithm.
type agenda struct {
	list []entry
	many bool // the list is a heap
}

func (a *agenda) reset() { a.list, a.many = a.list[:0], false }

func (a *agenda) len() int { return len(a.list) }

// first returns the entry that is due first; there must be one.
func (a *agenda) first() *entry {
	if a.many {
		return &a.list[0]
	}
	return &a.list[len(a.list)-1]
}

// push adds an entry that is newer than all that are there.
func (a *agenda) push(x entry) {
	if !a.many && len(a.list) < few {
		a.list = append(a.list, x)
		list := a.list
		i := len(list) - 1
		for ; i > 0 && list[i-1].time <= x.time; i-- { // of equal times the older
			list[i] = list[i-1]
		}
		list[i] = x
		return
	}
	if !a.many {
		slices.Reverse(a.list) // what is sorted is a heap
		a.many = true
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

// pop takes the first due out.
func (a *agenda) pop() entry {
	n := len(a.list) - 1
	if !a.many {
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
	if n == few/2 {
		a.many = false
		slices.SortFunc(list, func(a, b entry) int {
			if a.before(&b) {
				return 1
			}
			return -1
		})
	}
	return first
}
