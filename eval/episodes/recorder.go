package episodes

import (
	"fmt"
	"math"

	"fairlb/env"
)

// classRecorder holds the completion times of one class of requests in one run:
// an exact mean and a distribution for the quantiles, in constant memory.
type classRecorder struct {
	n, failed       uint64
	sum, correction float64 // Neumaier's compensated sum, s
	distribution
}

func (c *classRecorder) add(completion float64, failed bool) {
	c.n++
	if failed {
		c.failed++
	}
	sum := c.sum + completion
	if c.sum >= completion { // neither is negative
		c.correction += (c.sum - sum) + completion
	} else {
		c.correction += (completion - sum) + c.sum
	}
	c.sum = sum
	c.distribution.add(completion)
}

// mean in s; NaN without requests.
func (c *classRecorder) mean() float64 {
	return (c.sum + c.correction) / float64(c.n)
}

func (c *classRecorder) reset() {
	c.n, c.failed, c.sum, c.correction = 0, 0, 0, 0
	c.distribution.reset()
}

// recorder is the env.Recorder of one run at a time: classes[0] is of all
// requests, classes[1+c] of class c.
type recorder struct {
	classes  []classRecorder
	fairness fairness
	fault    error // the first invalid outcome
}

var _ env.Recorder = (*recorder)(nil)

// newRecorder makes room for that many named classes; with fewer than two
// they are not told apart.
func newRecorder(classes int) *recorder {
	r := &recorder{classes: make([]classRecorder, 1)}
	if classes > 1 {
		r.classes = make([]classRecorder, 1+classes)
	}
	for i := range r.classes {
		r.classes[i].distribution = newDistribution()
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
	r.classes[0].add(o.Completion, o.Failed)
	if classes := len(r.classes) - 1; classes > 0 {
		if o.Class < 0 || o.Class >= classes {
			r.fail("class %d of the request of %g s (want 0 to %d)", o.Class, o.Arrival, classes-1)
			return
		}
		r.classes[1+o.Class].add(o.Completion, o.Failed)
	}
}

func (r *recorder) fail(format string, args ...any) {
	if r.fault == nil {
		r.fault = fmt.Errorf("%w: "+format, append([]any{ErrOutcome}, args...)...)
	}
}

func (r *recorder) reset() {
	for i := range r.classes {
		r.classes[i].reset()
	}
	r.fairness.reset()
	r.fault = nil
}
