package dispatch

var _ OutstandingLogReader = (*GlobalShortestDelay)(nil)

// OutstandingLog is a GlobalState that also remembers, for a while, of which
// servers the Outstanding count changed, so that a rule need not ask for all.
type OutstandingLog interface {
	// OutstandingChanges returns the number of the first change that is still
	// remembered, and the number that the next change will have. The changes of
	// an episode are numbered from 0.
	OutstandingChanges() (first, next uint64)

	// OutstandingChange returns the server whose count changed in a change
	// that is still remembered.
	OutstandingChange(change uint64) int32
}

// OutstandingLogReader is a Rule that reads the OutstandingLog. A simulator
// keeps the log only where some rule does, because keeping it costs a little at
// every request.
type OutstandingLogReader interface {
	Rule

	// ReadsOutstandingLog marks the rule; it does nothing.
	ReadsOutstandingLog()
}

// GlobalShortestDelay is JSQ and SED by the requests of all LBs, which no LB can
// see. It is a reference for what is lost because each LB knows its own requests
// alone. Ties go to one of the minimisers at random. A pick costs O(log servers)
// for each change since the last pick if the GlobalState is an OutstandingLog,
// and O(servers) otherwise.
type GlobalShortestDelay struct {
	rule    *ShortestDelay
	view    View   // what rule sees: the counts of all LBs in place of the LB's own
	counted bool   // the counts of all servers have been read since the episode began
	seen    uint64 // changes of the OutstandingLog that the counts include

	changed []int32 // the array of view.changed
}

// NewGlobalShortestDelay returns the rule for the given positive weights.
func NewGlobalShortestDelay(weights []float64) (*GlobalShortestDelay, error) {
	rule, err := NewShortestDelay(weights, Options{})
	if err != nil {
		return nil, err
	}
	n := len(weights)
	return &GlobalShortestDelay{rule: rule, view: View{Ongoing: make([]int32, n)}, changed: make([]int32, 0, n)}, nil
}

// ReadsOutstandingLog implements OutstandingLogReader.
func (r *GlobalShortestDelay) ReadsOutstandingLog() {}

// Pick implements Rule.
func (r *GlobalShortestDelay) Pick(v *View) int {
	r.view.Out, r.view.Rand = v.Out, v.Rand
	r.view.changed = nil
	if !r.follow(v) {
		for j := range r.view.Ongoing {
			r.view.Ongoing[j] = v.Global.Outstanding(j)
		}
		r.counted = true
	}
	return r.rule.Pick(&r.view)
}

// follow brings the counts up to date by the logged changes alone. It returns
// false if the log does not reach back to the last pick, and then every count
// must be read.
func (r *GlobalShortestDelay) follow(v *View) bool {
	log, ok := v.Global.(OutstandingLog)
	if !ok {
		return false
	}
	first, next := log.OutstandingChanges()
	known := r.counted && v.changed != nil && r.seen >= first && r.seen <= next
	if known {
		r.changed = append(r.changed[:0], v.changed...) // for those that came and went
		for k := r.seen; k < next; k++ {
			j := log.OutstandingChange(k)
			r.view.Ongoing[j] = v.Global.Outstanding(int(j))
			r.changed = append(r.changed, j)
		}
		r.view.changed = r.changed
	}
	r.seen = next
	return known
}
