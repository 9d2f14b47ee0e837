package workload

import (
	"math"
	"math/rand/v2"
	"slices"

	"fairlb/env"
)

// rateFactor makes more or fewer requests of those of a trace (Recording.RateFactor).
type rateFactor struct {
	factor float64 // 1: the requests pass as they are
	rng    *rand.Rand

	// For a factor above 1: the request whose copies are due, the times (s) that
	// are left for them, and the request after it, or what was wrong with reading that.
	current arrival
	times   []float64
	ahead   arrival
	failed  error
	begun   bool
}

func newRateFactor(factor float64, seed uint64) rateFactor {
	if factor == 0 {
		factor = 1
	}
	return rateFactor{factor: factor, rng: rand.New(env.Stream(seed, "workload/rate"))}
}

// next returns the next request, of those that read returns.
func (f *rateFactor) next(read func() (arrival, error)) (arrival, error) {
	if f.factor == 1 {
		return read()
	}
	if f.factor < 1 {
		for {
			a, err := read()
			if err != nil || f.rng.Float64() < f.factor {
				return a, err
			}
		}
	}
	if !f.begun {
		f.begun = true
		f.ahead, f.failed = read()
	}
	for len(f.times) == 0 {
		if f.failed != nil {
			return arrival{}, f.failed
		}
		f.current = f.ahead
		f.ahead, f.failed = read()
		f.drawTimes()
	}
	a := f.current
	a.time, f.times = f.times[0], f.times[1:]
	return a, nil
}

// drawTimes draws the times of the current request and its copies.
func (f *rateFactor) drawTimes() {
	copies, part := math.Modf(f.factor)
	if f.rng.Float64() < part {
		copies++
	}
	gap := 0.0 // the last request's copies come with it
	if f.failed == nil {
		gap = f.ahead.time - f.current.time
	}
	f.times = append(f.times[:0], f.current.time)
	for len(f.times) < int(copies) {
		f.times = append(f.times, f.current.time+gap*f.rng.Float64())
	}
	slices.Sort(f.times)
}
