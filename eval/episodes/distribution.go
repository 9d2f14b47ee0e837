package episodes

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range and resolution of quantiles. A completion time is rounded to the
// microsecond, and one outside the range counts at its nearer end. A quantile
// is the upper end of its bucket, which is at most 0.1 % too high, and never
// above the longest time recorded.
const (
	microsecond       = 1e-6          // s
	shortestTime      = 1             // us
	longestTime       = 3_600_000_000 // us: one hour
	significantDigits = 3
)

// distribution of completion times, in constant memory (about 200 kB). Its
// counts are whole numbers, so merging does not depend on order.
type distribution struct {
	histogram *hdrhistogram.Histogram // us
	longest   float64                 // s, exact
}

func newDistribution() distribution {
	return distribution{histogram: hdrhistogram.New(shortestTime, longestTime, significantDigits)}
}

// add counts a time of that many seconds, finite and not negative.
func (d *distribution) add(seconds float64) {
	d.longest = max(d.longest, seconds)
	us := min(max(math.Round(seconds/microsecond), shortestTime), longestTime)
	_ = d.histogram.RecordValue(int64(us)) // fails outside the range only
}

// merge adds the times that from has counted.
func (d *distribution) merge(from *distribution) {
	d.longest = max(d.longest, from.longest)
	d.histogram.Merge(from.histogram) // drops nothing: the ranges are the same
}

// quantile of the times below which that many percent lie, in s; NaN of none.
func (d *distribution) quantile(percent float64) float64 {
	if d.histogram.TotalCount() == 0 {
		return math.NaN()
	}
	us := min(d.histogram.ValueAtPercentile(percent), longestTime)
	return min(float64(us)*microsecond, max(d.longest, shortestTime*microsecond))
}

// clamped reports whether a time was above the range.
func (d *distribution) clamped() bool {
	return d.longest > longestTime*microsecond
}

func (d *distribution) reset() {
	d.histogram.Reset()
	d.longest = 0
}
