package episodes

import (
	"fmt"
	"math"

	"fairlb/env"
)

// tally holds the completion times of one class in one run: an exact mean
// and a distribution for the quantiles, in constant memory.
type tally struct {
	n, failed       uint64
	sum, correction float64 // Neumaier's compensated sum, s
	distribution
}

func (t *tally) add(completion float64, failed bool) {
	t.n++
	if failed {
		t.failed++
	}
	sum := t.sum + completion
	if t.sum >= completion { // neither is negative
		t.correction += (t.sum - sum) + completion
	} else {
		t.correction += (completion - sum) + t.sum
	}
	t.sum = sum
	t.distribution.add(completion)
}

// mean in s; NaN without requests.
func (t *tally) mean() float64 {
	return (t.sum + t.correction) / float64(t.n)
}

func (t *tally) reset() {
	t.n, t.failed, t.sum, t.correction = 0, 0, 0, 0
	t.distribution.reset()
}

// recorder is the env.Recorder of one run at a time: tallies[0] is of all
// requests, tallies[1+c] of class c.
type recorder struct {
	tallies  []tally
	fairness fairness
	fault    error // the first invalid outcome
}

var _ env.Recorder = (*recorder)(nil)

// newRecorder makes room for that many named classes; with fewer than two
// they are not told apart.
func newRecorder(classes int) *recorder {
	r := &recorder{tallies: make([]tally, 1)}
	if classes > 1 {
		r.tallies = make([]tally, 1+classes)
	}
	for i := range r.tallies {
		r.tallies[i].distribution = newDistribution()
	}
	return r
}

// Record adds the outcome to the figures of all requests and of its class.
func (r *recorder) Record(o env.Outcome) {
	// Written so that NaN fails it.
	if !(o.Completion >= 0) || math.IsInf(o.Completion, 0) {
		r.fail("completion time %g s of the request of %g s (want finite, 0 or more)", o.Completion, o.Arrival)
		return
	}
	r.tallies[0].add(o.Completion, o.Failed)
	if classes := len(r.tallies) - 1; classes > 0 {
		if o.Class < 0 || o.Class >= classes {
			r.fail("class %d of the request of %g s (want 0 to %d)", o.Class, o.Arrival, classes-1)
			return
		}
		r.tallies[1+o.Class].add(o.Completion, o.Failed)
	}
}

func (r *recorder) fail(format string, args ...any) {
	if r.fault == nil {
		r.fault = fmt.Errorf("%w: "+format, append([]any{ErrOutcome}, args...)...)
	}
}

func (r *recorder) reset() {
	for i := range r.tallies {
		r.tallies[i].reset()
	}
	r.fairness.reset()
	r.fault = nil
}
