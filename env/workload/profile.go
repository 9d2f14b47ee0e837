package workload

import (
	"errors"
	"fmt"
	"math"
)

// maxFactors is the largest number of factors of a profile.
const maxFactors = 10_000

// Profile is a periodic factor on the rate of arrivals, such as the course of a day
// at a web site. It is linear between the given factors, which are at equal
// distances from the beginning of the period on, and from the last one back to the
// first. Its mean over a period is 1.
type Profile struct {
	period  float64   // s
	factors []float64 // their mean is 1
	start   float64   // s, the time in the period at which an episode begins
	random  bool      // an episode begins at a random time of the period instead
}

// NewProfile returns the profile of the given period (s) and factors. The factors
// are divided by their mean, which is the mean of the function over a period. An
// episode begins at the time start (s) of the period or, if random, at a time that
// follows from its seed.
func NewProfile(period float64, factors []float64, start float64, random bool) (*Profile, error) {
	if !(period >= MinStay && period <= 1e9) {
		return nil, fmt.Errorf("period %g: must be in [%g, 1e9] s", period, MinStay)
	}
	if len(factors) < 1 || len(factors) > maxFactors {
		return nil, fmt.Errorf("%d factors: must be 1 to %d", len(factors), maxFactors)
	}
	if !(start >= 0 && start < period) {
		return nil, fmt.Errorf("start %g: must be in [0, period)", start)
	}
	sum := 0.0
	for _, f := range factors {
		if !(f >= 0 && f <= 1e9) {
			return nil, fmt.Errorf("factor %g: must be in [0, 1e9]", f)
		}
		sum += f
	}
	if sum == 0 {
		return nil, errors.New("factors must not all be 0")
	}
	p := &Profile{period: period, start: start, random: random}
	for _, f := range factors {
		p.factors = append(p.factors, f/sum*float64(len(factors)))
	}
	return p, nil
}

// timeAfter returns the time (s) at which the integral of the profile from now on
// has become work (s); phase is the profile's time at time 0.
func (p *Profile) timeAfter(now, phase, work float64) float64 {
	if !(work <= math.MaxFloat64) {
		return math.Inf(1)
	}
	n := len(p.factors)
	step := p.period / float64(n)
	offset := math.Mod(now+phase, p.period)
	k := min(int(offset/step), n-1)
	offset = max(0, min(offset-float64(k)*step, step)) // s into the piece k

	passed := p.period * math.Floor(work/p.period) // whole periods, of mean 1
	work -= passed
	for {
		from, to := p.factors[k], p.factors[(k+1)%n]
		slope := (to - from) / step
		height := from + slope*offset
		if piece := (height + to) / 2 * (step - offset); work < piece {
			break
		} else {
			work -= piece
		}
		passed += step - offset
		k, offset = (k+1)%n, 0
	}
	if work > 0 {
		slope := (p.factors[(k+1)%n] - p.factors[k]) / step
		height := p.factors[k] + slope*offset
		// height y + slope y^2/2 = work, solved without cancellation.
		passed += min(step-offset, 2*work/(height+math.Sqrt(max(0, height*height+2*slope*work))))
	}
	return now + passed
}
