package haproxy

import "math"

// ownership is whose the weight of one server is. Times are in s.
type ownership struct {
	known   bool
	first   int     // the weight that comes back in the end
	written int     // the weight that the server has, as far as is known
	unsure  int     // a weight that may have been written; 0: there is none
	until   float64 // another writer has the weight until then; 0: nobody has
}

// observed takes the weight that the server has at time now, and says whether another
// writer has changed it. Under the policy to yield, that writer then has the weight for
// hold (s; 0: until it is released), and what it wrote is what comes back in the end. A
// weight of 0 drains a server. It is respected under either policy.
func (o *ownership) observed(weight int, now float64, yield bool, hold float64) (changed bool) {
	switch {
	case !o.known:
		*o = ownership{known: true, first: weight, written: weight}
	case o.unsure != 0 && weight == o.unsure:
		o.written = weight
	case weight != o.written:
		o.written, changed = weight, true
		if yield {
			o.first, o.until = weight, now+hold
			if hold == 0 {
				o.until = math.Inf(1)
			}
		}
	}
	o.unsure = 0
	if o.until != 0 && now >= o.until {
		o.until = 0
	}
	return changed
}

// restarted takes the weight that the server has in a process that has just begun: what
// was written may have come back by HAProxy's state file, else the weight is that of
// the configuration and nobody's writing.
func (o *ownership) restarted(weight int) {
	if !o.known || weight != o.written {
		*o = ownership{known: true, first: weight, written: weight}
	}
	o.until, o.unsure = 0, 0
}

// writable says whether the weight may be written.
func (o *ownership) writable() bool { return o.known && o.until == 0 && o.written > 0 }

// toRestore returns the weight to write in the end, and whether there is one.
func (o *ownership) toRestore() (weight int, needed bool) {
	return o.first, o.writable() && o.written != o.first
}
