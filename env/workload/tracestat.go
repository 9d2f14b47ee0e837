package workload

import (
	"io"
	"math"
)

// TraceSummary holds figures of a trace, with which a synthetic workload can be
// compared.
type TraceSummary struct {
	Requests int     `json:"requests"`
	Start    float64 `json:"start_s"`    // s, the time of the first request
	Duration float64 `json:"duration_s"` // s, from the first request to the last
	Rate     float64 `json:"rate"`       // requests/s over the duration
	PeakRate float64 `json:"peak_rate"`  // requests/s of the busiest second from the first request on, the last being as long as the trace has it

	GapCV      float64 `json:"gap_cv"`     // coefficient of variation of the times between requests; 1 for Poisson
	Dispersion float64 `json:"dispersion"` // variance over mean of the requests of a whole second; 1 for Poisson

	WithN int     `json:"with_n"` // requests that have an n
	MeanN float64 `json:"mean_n"` // of their n
	CVN   float64 `json:"cv_n"`
	MaxN  float64 `json:"max_n"`

	// Classes has an entry for each class of the given paths, in order, and one
	// more for the requests that match no class.
	Classes []ClassSummary `json:"classes,omitempty"`
}

// ClassSummary is what is known of the requests of one class.
type ClassSummary struct {
	Name     string  `json:"name,omitempty"` // set by the caller
	Requests int     `json:"requests"`
	Rate     float64 `json:"rate"`   // requests/s over the trace's duration
	WithN    int     `json:"with_n"` // requests that have an n
	MeanN    float64 `json:"mean_n"` // of their n
	CVN      float64 `json:"cv_n"`
	MaxN     float64 `json:"max_n"`
}

// SummariseTrace reads a trace file to its end, in constant memory. If paths is
// not nil, it tells the requests of each class apart as well.
func SummariseTrace(path string, paths *Paths) (TraceSummary, error) {
	s := newSummaryBuilder(paths)
	if err := s.read(path, nil); err != nil {
		return TraceSummary{}, err
	}
	return s.result(), nil
}

// summaryBuilder accumulates a TraceSummary.
type summaryBuilder struct {
	paths   *Paths
	total   TraceSummary
	last    float64 // s, the time of the last request
	gaps    moments
	ns      moments
	seconds countWindows
	classes []ClassSummary
	classNs []moments
}

func newSummaryBuilder(paths *Paths) *summaryBuilder {
	s := &summaryBuilder{paths: paths, seconds: countWindows{length: 1}}
	if paths != nil {
		s.classes = make([]ClassSummary, len(paths.patterns)+1)
		s.classNs = make([]moments, len(s.classes))
	}
	return s
}

// read reads a whole trace. If see is not nil, it is called for each request with
// the time (s) since the first one and the class (0 without paths).
func (s *summaryBuilder) read(path string, see func(elapsed float64, class int, r *Record)) error {
	trace, err := OpenTrace(path)
	if err != nil {
		return err
	}
	defer trace.Close()
	for {
		r, err := trace.NextRecord()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		class := s.add(&r)
		if see != nil {
			see(r.Time-s.total.Start, class, &r)
		}
	}
}

// add takes one request and returns its class.
func (s *summaryBuilder) add(r *Record) (class int) {
	t := &s.total
	if t.Requests == 0 {
		t.Start = r.Time
	} else {
		s.gaps.add(r.Time - s.last)
	}
	t.Requests++
	s.last = r.Time
	s.seconds.add(r.Time - t.Start)
	if r.HasN {
		t.WithN++
		s.ns.add(r.N)
		t.MaxN = max(t.MaxN, r.N)
	}
	if s.paths == nil {
		return 0
	}
	if class = s.paths.Class(r.Path()); class < 0 {
		class = len(s.classes) - 1
	}
	c := &s.classes[class]
	c.Requests++
	if r.HasN {
		c.WithN++
		s.classNs[class].add(r.N)
		c.MaxN = max(c.MaxN, r.N)
	}
	return class
}

// result returns the summary of what was read.
func (s *summaryBuilder) result() TraceSummary {
	t := s.total
	if t.Requests > 0 {
		t.Duration = s.last - t.Start
	}
	if t.Duration > 0 {
		t.Rate = float64(t.Requests-1) / t.Duration
	}
	t.GapCV, t.MeanN, t.CVN = s.gaps.cv(), s.ns.mean, s.ns.cv()
	t.PeakRate, t.Dispersion = max(s.seconds.largest, s.seconds.inCurrent), s.seconds.dispersion()
	for k := range s.classes {
		c := s.classes[k]
		if t.Duration > 0 {
			c.Rate = float64(c.Requests) / t.Duration
		}
		c.MeanN, c.CVN = s.classNs[k].mean, s.classNs[k].cv()
		t.Classes = append(t.Classes, c)
	}
	return t
}

// moments are the count, the mean and the sum of squared deviations of a series of
// values (Welford 1962).
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

// cv is the coefficient of variation; 0 if the mean is 0.
func (m *moments) cv() float64 {
	if m.mean == 0 {
		return 0
	}
	return math.Sqrt(m.variance()) / m.mean
}
