package replica

import (
	"slices"

	"fairlb/env/dispatch"
)

var (
	_ dispatch.Rule      = (*steered)(nil)
	_ dispatch.Follower  = (*steered)(nil)
	_ dispatch.Completer = (*steered)(nil)
	_ dispatch.Abandoner = (*steered)(nil)
	_ dispatch.Resetter  = (*steered)(nil)
	_ dispatch.Heir      = (*steered)(nil)
)

// steered chooses by an agent's weights or, while there is no agent, by a heuristic. The
// heuristic learns of all completions at any time, so that it is warm when it takes over.
type steered struct {
	weighted *dispatch.ShortestDelay
	fallback dispatch.Rule
	learns   dispatch.Completer // the fallback, if it does; else nil

	weights  []float64 // those of weighted
	on       bool      // the weights decide
	switched bool      // since the last pick: the rule that decides now has not seen what changed before
}

func newSteered(fallback string, o dispatch.Options) (*steered, error) {
	weights := make([]float64, len(o.Capacity))
	for j := range weights {
		weights[j] = 1
	}
	weighted, err := dispatch.NewShortestDelay(weights, o)
	if err != nil {
		return nil, err
	}
	rule, err := dispatch.New(fallback, o)
	if err != nil {
		return nil, err
	}
	r := &steered{weighted: weighted, fallback: rule, weights: weights}
	r.learns, _ = rule.(dispatch.Completer)
	return r, nil
}

// steer says whether the weights decide from now on.
func (r *steered) steer(on bool) {
	if r.on != on {
		r.on, r.switched = on, true
	}
}

// SetWeights replaces the weights.
func (r *steered) SetWeights(weights []float64) error {
	if err := r.weighted.SetWeights(weights); err != nil {
		return err
	}
	copy(r.weights, weights)
	return nil
}

// decides returns the rule that decides now.
func (r *steered) decides(v *dispatch.View) dispatch.Rule {
	if r.switched {
		r.switched = false
		v.Invalidate()
	}
	if r.on {
		return r.weighted
	}
	return r.fallback
}

// Pick implements dispatch.Rule.
func (r *steered) Pick(v *dispatch.View) int { return r.decides(v).Pick(v) }

// Follow implements dispatch.Follower.
func (r *steered) Follow(v *dispatch.View, server int) {
	rule := r.decides(v)
	if f, ok := rule.(dispatch.Follower); ok {
		f.Follow(v, server)
		return
	}
	rule.Pick(v)
}

// Completed implements dispatch.Completer.
func (r *steered) Completed(c dispatch.Completion) {
	if r.learns != nil {
		r.learns.Completed(c)
	}
}

// Abandoned implements dispatch.Abandoner.
func (r *steered) Abandoned(server int) {
	if a, ok := r.fallback.(dispatch.Abandoner); ok {
		a.Abandoned(server)
	}
}

// Reset implements dispatch.Resetter.
func (r *steered) Reset() {
	r.switched = true
	if f, ok := r.fallback.(dispatch.Resetter); ok {
		f.Reset()
	}
}

// Inherit implements dispatch.Heir: a new server gets the mean weight of those that stay.
func (r *steered) Inherit(old dispatch.Rule, from []int) {
	o, ok := old.(*steered)
	if !ok {
		return
	}
	r.on, r.switched = o.on, true
	for j, k := range from {
		r.weights[j] = 0
		if k >= 0 {
			r.weights[j] = o.weights[k]
		}
	}
	fillMean(r.weights)
	if err := r.weighted.SetWeights(slices.Clone(r.weights)); err != nil {
		panic("replica: weights of a rule are no longer valid: " + err.Error())
	}
	if f, ok := r.fallback.(dispatch.Heir); ok {
		f.Inherit(o.fallback, from)
	}
}

// fillMean gives servers without a weight, 0, the mean of the others; 1 if none has one.
func fillMean(weights []float64) {
	sum, n := 0.0, 0
	for _, w := range weights {
		if w > 0 {
			sum += w
			n++
		}
	}
	mean := 1.0
	if n > 0 {
		mean = sum / float64(n)
	}
	for j, w := range weights {
		if w == 0 {
			weights[j] = mean
		}
	}
}
