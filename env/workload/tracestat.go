package workload

import (
	"errors"
	"io"
	"math"
)

// TraceSummary says what a trace is like, so that a synthetic workload can be
// set beside it.
type TraceSummary struct {
	Requests int
	Start    float64 // s, the time of the first request
	Duration float64 // s, from the first request to the last
	Rate     float64 // requests/s over the duration
	PeakRate float64 // requests/s of the busiest whole second

	GapCV      float64 // coefficient of variation of the times between requests; 1 for Poisson
	Dispersion float64 // variance over mean of the requests of a whole second; 1 for Poisson

	MeanN, CVN float64 // of the requests' n
	MaxN       float64
}

// SummariseTrace reads a trace file to its end, in constant memory.
func SummariseTrace(path string) (TraceSummary, error) {
	trace, err := OpenTrace(path)
	if err != nil {
		return TraceSummary{}, err
	}
	defer trace.Close()

	var s TraceSummary
	var gaps, ns, seconds moments
	previous, inSecond, second := 0.0, 0.0, 0.0 // second: whole seconds since the start that are complete
	for {
		time, n, err := trace.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return TraceSummary{}, err
		}
		if s.Requests == 0 {
			s.Start = time
		} else {
			gaps.add(time - previous)
		}
		for ; time-s.Start >= second+1; second++ {
			seconds.add(inSecond)
			s.PeakRate = max(s.PeakRate, inSecond)
			inSecond = 0
		}
		inSecond++
		previous = time
		ns.add(n)
		s.MaxN = max(s.MaxN, n)
		s.Requests++
	}
	s.Duration = previous - s.Start
	if s.Duration > 0 {
		s.Rate = float64(s.Requests-1) / s.Duration
	}
	s.GapCV, s.MeanN, s.CVN = gaps.cv(), ns.mean, ns.cv()
	if seconds.mean > 0 {
		s.Dispersion = seconds.variance() / seconds.mean
	}
	return s, nil
}

// moments are running mean and sum of squares about it (Welford 1962).
type moments struct {
	n, mean, squares float64
}

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / m.n
	m.squares += d * (x - m.mean)
}

// variance is the sample variance, 0 for fewer than two values.
func (m *moments) variance() float64 {
	if m.n < 2 {
		return 0
	}
	return m.squares / (m.n - 1)
}

// cv is the coefficient of variation, 0 where the mean is.
func (m *moments) cv() float64 {
	if m.mean == 0 {
		return 0
	}
	return math.Sqrt(m.variance()) / m.mean
}
