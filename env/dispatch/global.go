package dispatch

var _ HeldLogReader = (*Global)(nil)

// HeldLog is a Foresight that remembers, for a while, of which servers Held
// changed, so that nobody need ask for all.
type HeldLog interface {
	// HeldChanges returns the first of the episode's changes, numbered from
	// 0, that is still remembered, and the number that the next will have.
	HeldChanges() (first, next uint64)

	// HeldChange returns the server of a change that is remembered.
	HeldChange(change uint64) int32
}

// HeldLogReader is a Rule that reads the HeldLog. A simulator keeps the log only
// where some rule does, because keeping it costs a little at every request.
type HeldLogReader interface {
	Rule

	// ReadsHeldLog marks the rule; it does nothing.
	ReadsHeldLog()
}

// Global is JSQ and SED by the requests of all LBs, which no LB can see: a
// reference for what is lost because each knows its own part alone. Ties go
// to one of the minimisers at random. It costs O(log servers) for each change
// since its last pick where the Foresight is a HeldLog, else O(servers).
type Global struct {
	rule *ShortestDelay
	held View   // with the counts of all LBs in place of one's own
	all  bool   // the counts were asked for, all of them
	seen uint64 // changes of the HeldLog so far

	changed []int32 // the array of held.changed
}

// NewGlobal returns the rule for the given positive weights.
func NewGlobal(weights []float64) (*Global, error) {
	rule, err := NewShortestDelay(weights)
	if err != nil {
		return nil, err
	}
	n := len(weights)
	return &Global{rule: rule, held: View{Ongoing: make([]int32, n)}, changed: make([]int32, 0, n)}, nil
}

// ReadsHeldLog implements HeldLogReader.
func (r *Global) ReadsHeldLog() {}

// Pick implements Rule.
func (r *Global) Pick(v *View) int {
	r.held.Out, r.held.Rand = v.Out, v.Rand
	r.held.changed = nil
	if !r.follow(v) {
		for j := range r.held.Ongoing {
			r.held.Ongoing[j] = v.Oracle.Held(j)
		}
		r.all = true
	}
	return r.rule.Pick(&r.held)
}

// follow brings the counts up to date by their changes alone, if these are
// known.
func (r *Global) follow(v *View) bool {
	log, ok := v.Oracle.(HeldLog)
	if !ok {
		return false
	}
	first, next := log.HeldChanges()
	known := r.all && v.changed != nil && r.seen >= first && r.seen <= next
	if known {
		r.changed = append(r.changed[:0], v.changed...) // for those that came and went
		for k := r.seen; k < next; k++ {
			j := log.HeldChange(k)
			r.held.Ongoing[j] = v.Oracle.Held(int(j))
			r.changed = append(r.changed, j)
		}
		r.held.changed = r.changed
	}
	r.seen = next
	return known
}
