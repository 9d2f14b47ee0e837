package workload

import "math"

// TraceFit is a synthetic workload that is like a trace, and how like it is.
type TraceFit struct {
	Summary  TraceSummary
	Arrivals Arrivals
	Scales   []ScaleFit
	Laws     []LawFit // one for each of Summary.Classes
}

// ScaleFit is the index of dispersion of counts over windows of one length.
type ScaleFit struct {
	Window     float64 // s
	Windows    int     // the number of whole windows in the trace
	Trace, Fit float64 // the index of the trace, and that of the fitted process
}

// FitTrace fits arrivals and laws to a trace file in constant memory; paths assigns
// its requests to classes. A trace of fewer than 100 requests is refused.
//
// Arrivals are Poisson if the index of dispersion is beyond chance on no scale.
// Otherwise they are the two-state Markov-modulated process whose dispersion curve
// is nearest to the trace's on scales from 0.1 to 100 s (weighted least squares of
// relative errors), and whose bursts take the part of the time that follows from
// the third moment of the counts.
func FitTrace(path string, paths *Paths) (TraceFit, error) {
	s := newSummaryBuilder(paths)
	scales := []countWindows{{length: 0.1}, {length: 0.3}, {length: 1}, {length: 3}, {length: 10}, {length: 30}, {length: 100}}
	ns := make([]subsample, len(s.classes))
	for k := range ns {
		ns[k].capacity = maxFitted
	}
	err := s.read(path, func(elapsed float64, class int, r *Record) {
		for k := range scales {
			scales[k].add(elapsed)
		}
		if r.HasN && class < len(ns) {
			ns[class].add(r.N)
		}
	})
	if err != nil {
		return TraceFit{}, err
	}
	f := TraceFit{Summary: s.result()}
	if f.Summary.Requests < 100 || f.Summary.Duration <= 0 {
		return TraceFit{}, &TraceError{Place: path, Rule: "a fit needs at least 100 requests, not all at once"}
	}
	f.Arrivals = fitArrivals(f.Summary.Rate, scales)
	for k := range scales {
		w := &scales[k]
		if w.n >= minWindows {
			f.Scales = append(f.Scales, ScaleFit{w.length, int(w.n), w.dispersion(), f.Arrivals.dispersion(w.length)})
		}
	}
	for k := range ns {
		f.Laws = append(f.Laws, fitLaw(ns[k].values, f.Summary.Classes[k].MeanN))
	}
	return f, nil
}

// Bounds of the fit of arrivals.
const (
	minWindows = 20   // the fewest windows of a scale that is used
	maxWeight  = 1000 // the largest weight of a scale: more windows give it no more
)

// fitArrivals returns the process of the given mean rate whose counts are most
// like those on the scales.
func fitArrivals(rate float64, scales []countWindows) Arrivals {
	a := Arrivals{Rate: rate}
	beyond, longest := false, 0.0
	for k := range scales {
		if w := &scales[k]; w.n >= minWindows {
			// The index of a Poisson process has variance 2/(n-1).
			beyond = beyond || w.dispersion() > 1+4*math.Sqrt(2/(w.n-1))
			longest = w.length
		}
	}
	if !beyond {
		return a
	}
	// The rate s of return that leaves the least error, and its amplitude.
	least, s, amplitude := math.Inf(1), 0.0, 0.0
	const steps = 600
	slow, fast := math.Log(0.2/longest), math.Log(50.0)
	for i := range steps + 1 {
		returnRate := math.Exp(slow + (fast-slow)*float64(i)/steps)
		if amp, residue := fitAmplitude(returnRate, scales); residue < least {
			least, s, amplitude = residue, returnRate, amp
		}
	}
	if amplitude <= 0 {
		return a
	}
	part := burstPart(rate, s, amplitude, scales)
	spread := amplitude * s / (2 * rate) // variance of the rate over its mean squared
	a.BurstFactor = 1 + math.Sqrt(spread*(1-part)/part)
	a.BurstMean, a.CalmMean = 1/(s*(1-part)), 1/(s*part)
	return a
}

// varianceShape is the part of its limit that the excess of the index of dispersion
// over 1 has reached in windows of length t, where x = s t and s is the rate at
// which the modulating process returns to its mean.
func varianceShape(x float64) float64 { return 1 + math.Expm1(-x)/x }

// fitAmplitude returns the amplitude A for which 1 + A varianceShape(s t) is
// nearest to the dispersions, and the weighted sum of squares that is left.
func fitAmplitude(s float64, scales []countWindows) (amplitude, residue float64) {
	var cross, square float64
	each := func(f func(weight, index, g float64)) {
		for k := range scales {
			if w := &scales[k]; w.n >= minWindows {
				index := max(w.dispersion(), 0.1)
				f(min(w.n, maxWeight)/(index*index), index, varianceShape(s*w.length))
			}
		}
	}
	each(func(weight, index, g float64) {
		cross += weight * (index - 1) * g
		square += weight * g * g
	})
	amplitude = cross / square
	each(func(weight, index, g float64) {
		d := index - 1 - amplitude*g
		residue += weight * d * d
	})
	return amplitude, residue
}

// burstPart returns the part of the time that bursts take. In a two-state
// process the third central moment of the integrated rate over t is
//
//	6 m/s^3 (x - 2 + (x+2) e^-x),  x = s t
//
// where m is the third central moment of the rate. With V the variance of the rate,
// m over V^1.5 is (1-2p)/sqrt(p(1-p)), which gives p, the part that is sought. It
// is computed on the scale nearest to 1/s, and cut so that no rate is negative.
func burstPart(rate, s, amplitude float64, scales []countWindows) float64 {
	var nearest *countWindows
	for k := range scales {
		if w := &scales[k]; w.n >= minWindows && (nearest == nil || math.Abs(math.Log(w.length*s)) < math.Abs(math.Log(nearest.length*s))) {
			nearest = w
		}
	}
	x := s * nearest.length
	shape := x - 2 + (x+2)*math.Exp(-x)
	if x < 0.01 {
		shape = x * x * x / 6
	}
	// The part of the counts' third cumulant that comes from the rate, not from the
	// Poisson arrivals given the rate.
	third := nearest.third() - 3*nearest.variance() + 2*nearest.mean()
	variance := amplitude * rate * s / 2
	skewness := third * s * s * s / (6 * shape) / math.Pow(variance, 1.5)
	part := (1 - skewness/math.Sqrt(4+skewness*skewness)) / 2
	spread := variance / (rate * rate)
	return max(1e-4, min(part, 0.999/(1+spread)))
}

// dispersion is the index of dispersion of counts over windows of length t (s)
// of a Poisson process or a two-state modulated one.
func (a *Arrivals) dispersion(t float64) float64 {
	if a.BurstFactor == 0 {
		return 1
	}
	part := a.BurstMean / (a.BurstMean + a.CalmMean)
	s := 1/a.BurstMean + 1/a.CalmMean
	spread := part / (1 - part) * (a.BurstFactor - 1) * (a.BurstFactor - 1)
	return 1 + 2*a.Rate*spread/s*varianceShape(s*t)
}
