package dispatch

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*ShortestDelay)(nil)
	_ snapshot.Stater = (*ShortestDelay)(nil)
)

// ShortestDelay sends a request to argmin_j (q_ij + 1) / a_ij over the servers
// that are in; which of several minimisers, its Ties say. With equal weights it is
// LSQ, with weights in proportion to the processors it is SED (appendix C.3), and
// with an agent's weights it is the data plane of that agent.
//
// An agent's weights are real numbers, whose scores hardly ever tie. They do in
// three cases: before the agent's first action, where all weights are equal; where
// weights stand at their bound; and where servers have the same weight by design,
// as under fixed weights of whole groups.
//
// Scores are quotients, not products with inverses, because division rounds
// correctly: equal scores of whole weights then compare equal.
type ShortestDelay struct {
	weights []float64 // a_ij
	ties    Ties
	order   []int32    // the servers, in the order that the Ties give
	placeOf []int32    // by server, its place in order
	scores  scoreTree  // by place in order
	members membership // that a candidate is drawn from, under PluginTies
	stale   bool       // the scores were computed with other weights
}

// NewShortestDelay returns the rule for the given positive weights. It obeys
// Options.Ties; the other options count only where these need them.
func NewShortestDelay(weights []float64, o Options) (*ShortestDelay, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	if !o.Ties.valid() {
		return nil, fmt.Errorf("dispatch: unknown tie rule %v (known: %s)", o.Ties, strings.Join(TiesNames(), ", "))
	}
	n := len(weights)
	if o.Ties == PluginTies && len(o.Capacity) != n {
		return nil, fmt.Errorf("dispatch: capacities of %d servers and weights of %d", len(o.Capacity), n)
	}
	r := &ShortestDelay{
		weights: slices.Clone(weights), ties: o.Ties, order: o.Ties.order(weights, o), placeOf: make([]int32, n),
		scores: newScoreTree(n), stale: true,
	}
	for k, j := range r.order {
		r.placeOf[j] = int32(k)
	}
	if o.Ties == PluginTies {
		r.members = newMembership(n)
	}
	return r, nil
}

// SetWeights replaces the weights; their number stays. On an error the old
// ones stay.
func (r *ShortestDelay) SetWeights(weights []float64) error {
	if len(weights) != len(r.weights) {
		return fmt.Errorf("dispatch: %d weights for %d servers", len(weights), len(r.weights))
	}
	if err := checkWeights(weights); err != nil {
		return err
	}
	copy(r.weights, weights)
	r.stale = true
	return nil
}

// Pick implements Rule: O(log servers) for each count that changed. It draws a
// random number only if there are several minimisers and the Ties want one.
func (r *ShortestDelay) Pick(v *View) int {
	if r.stale || v.changed == nil {
		r.scores.fill(func(k int) float64 { return r.score(v, int(r.order[k])) }, len(r.order))
		r.stale = false
	} else {
		for _, j := range v.changed {
			r.scores.set(int(r.placeOf[j]), r.score(v, int(j)))
		}
	}
	switch r.ties {
	case PluginTies:
		return r.candidateOrFirst(v)
	case OrderedTies:
		return int(r.order[r.scores.first()])
	}
	return int(r.order[r.scores.pick(v.Rand)])
}

// candidateOrFirst returns a server drawn at random among those that are in, if it
// is a minimiser, and else the first minimiser in the order.
func (r *ShortestDelay) candidateOrFirst(v *View) int {
	r.members.update(v)
	first := r.scores.first()
	if r.scores.tied() {
		candidate := int(r.members.in[v.Rand.IntN(len(r.members.in))])
		if r.scores.get(int(r.placeOf[candidate])) == r.scores.get(first) {
			return candidate
		}
	}
	return int(r.order[first])
}

// score returns a server's score: +Inf if it is out, which is more than that of
// any server that is in.
func (r *ShortestDelay) score(v *View, server int) float64 {
	if v.out(server) {
		return math.Inf(1)
	}
	return expectedDelay(v.Ongoing[server], r.weights[server])
}

// expectedDelay returns (q + 1) / a, cut so that it is finite even for the least
// weights.
func expectedDelay(ongoing int32, weight float64) float64 {
	return min(float64(ongoing+1)/weight, math.MaxFloat64)
}

// State implements snapshot.Stater. It saves the weights, which an agent may have
// set.
func (r *ShortestDelay) State(c *snapshot.Codec) {
	snapshot.Fixed(c, r.weights, c.Float64)
	if !c.Reading() || c.Err() != nil {
		return
	}
	if err := checkWeights(r.weights); err != nil {
		c.Fail("%v", err)
	}
	r.stale = true
}
