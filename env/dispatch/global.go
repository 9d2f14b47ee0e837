package dispatch

var _ Rule = (*Global)(nil)

// Global is JSQ and SED by the requests of all LBs, which no LB can see: a
// reference for what is lost because each knows its own part alone. Ties go
// to one of the minimisers at random.
type Global struct {
	rule *ShortestDelay
	held View // with the counts of all LBs in place of one's own
}

// NewGlobal returns the rule for the given positive weights.
func NewGlobal(weights []float64) (*Global, error) {
	rule, err := NewShortestDelay(weights)
	if err != nil {
		return nil, err
	}
	return &Global{rule: rule, held: View{Ongoing: make([]int32, len(weights))}}, nil
}

// Pick implements Rule.
func (r *Global) Pick(v *View) int {
	for j := range r.held.Ongoing {
		r.held.Ongoing[j] = v.Oracle.Held(j)
	}
	r.held.Rand = v.Rand
	return r.rule.Pick(&r.held)
}
