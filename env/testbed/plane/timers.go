package plane

// wheel wakes those who wait for a moment: a hashed timing wheel, in which setting a timer,
// setting it anew and removing it cost the same however many there are. Whoever
// waits is a small number, such as a connection's. Moments are in ticks, and do not
// decrease.
type wheel struct {
	now     int64     // the tick up to which timers have been looked at
	heads   []int32   // by bucket, the first timer in it; none: there is none
	timers  []wheeled // by number
	waiting int       // timers that are set
}

// wheeled is one timer, in the doubly linked list of its bucket.
type wheeled struct {
	due            int64 // tick; unset: it is not set
	next, previous int32 // none: there is none
}

const (
	wheelBuckets = 1024 // a power of two
	none         = -1
	unset        = -1
)

func newWheel(now int64) wheel {
	w := wheel{now: now, heads: make([]int32, wheelBuckets)}
	for k := range w.heads {
		w.heads[k] = none
	}
	return w
}

// set sets the timer of a number to a tick; one that has passed means the next one.
func (w *wheel) set(number int32, due int64) {
	for int(number) >= len(w.timers) {
		w.timers = append(w.timers, wheeled{due: unset})
	}
	w.remove(number)
	due = max(due, w.now+1)
	head := &w.heads[due&(wheelBuckets-1)]
	w.timers[number] = wheeled{due: due, next: *head, previous: none}
	if *head != none {
		w.timers[*head].previous = number
	}
	*head = number
	w.waiting++
}

// remove unsets the timer of a number, if it is set.
func (w *wheel) remove(number int32) {
	if int(number) >= len(w.timers) || w.timers[number].due == unset {
		return
	}
	t := &w.timers[number]
	if t.previous != none {
		w.timers[t.previous].next = t.next
	} else {
		w.heads[t.due&(wheelBuckets-1)] = t.next
	}
	if t.next != none {
		w.timers[t.next].previous = t.previous
	}
	t.due = unset
	w.waiting--
}

// expire unsets the timers that are due by a tick, and calls due for each. That may set
// and remove timers.
func (w *wheel) expire(now int64, due func(number int32)) {
	if now <= w.now {
		return
	}
	first := max(w.now+1, now-wheelBuckets+1) // a full turn looks into every bucket
	w.now = now
	for tick := first; tick <= now; tick++ {
		bucket := &w.heads[tick&(wheelBuckets-1)]
		// Whoever is called may remove any timer, so that the list is looked at anew
		// after each call. Nothing that is due is ever set while it runs.
		for k := *bucket; k != none; {
			if w.timers[k].due > now {
				k = w.timers[k].next
				continue
			}
			w.remove(k)
			due(k)
			k = *bucket
		}
	}
}
