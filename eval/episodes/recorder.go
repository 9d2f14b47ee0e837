package episodes

import (
	"fmt"
	"math"

	"fairlb/env"
)

// times holds completion times: an exact mean and a distribution for the quantiles, in
// constant memory.
type times struct {
	n               uint64
	sum, correction float64 // Neumaier's compensated sum, s
	distribution
}

func (t *times) add(seconds float64) {
	t.n++
	sum := t.sum + seconds
	if t.sum >= seconds { // neither is negative
		t.correction += (t.sum - sum) + seconds
	} else {
		t.correction += (seconds - sum) + t.sum
	}
	t.sum = sum
	t.distribution.add(seconds)
}

// mean in s; NaN of none.
func (t *times) mean() float64 {
	return (t.sum + t.correction) / float64(t.n)
}

func (t *times) reset() {
	t.n, t.sum, t.correction = 0, 0, 0
	t.distribution.reset()
}

// classRecorder holds the completion times of one class of requests in one run: of all
// of them, a failed one's being its timeout, and of those that did not fail.
type classRecorder struct {
	times
	completed times
}

func newClassRecorder() classRecorder {
	return classRecorder{times{distribution: newDistribution()}, times{distribution: newDistribution()}}
}

func (c *classRecorder) add(completion float64, failed bool) {
	c.times.add(completion)
	if !failed {
		c.completed.add(completion)
	}
}

// failed is the number of requests that failed.
func (c *classRecorder) failed() uint64 { return c.n - c.completed.n }

func (c *classRecorder) reset() {
	c.times.reset()
	c.completed.reset()
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
		r.classes[i] = newClassRecorder()
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
