package sim

// entry is something that is due at a time, real or virtual.
type entry struct {
	time  float64
	order uint32 // entries made before it; of equal times the older goes first
	id    uint32
}

func (a *entry) before(b *entry) bool {
	return a.time < b.time || a.time == b.time && int32(a.order-b.order) < 0
}

// heap is a binary heap of entries, the first due at the root.
type heap []entry

func (h *heap) push(x entry) {
	*h = append(*h, x)
	a := *h
	i := len(a) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !x.before(&a[up]) {
			break
		}
		a[i] = a[up]
		i = up
	}
	a[i] = x
}

func (h *heap) pop() entry {
	a := *h
	first := a[0]
	n := len(a) - 1
	x := a[n]
	a = a[:n]
	*h = a
	if n == 0 {
		return first
	}
	i := 0
	for down := 1; down < n; down = 2*i + 1 {
		if down+1 < n && a[down+1].before(&a[down]) {
			down++
		}
		if !a[down].before(&x) {
			break
		}
		a[i] = a[down]
		i = down
	}
	a[i] = x
	return first
}
