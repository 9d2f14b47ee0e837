package scenario

import (
	"fmt"

	"fairlb/env/workload"
)

// validate reports the faults of an arrival process. One that a trace replaces
// need not have a rate.
func (a *Arrivals) validate(c check, replaced bool) {
	for _, x := range []struct {
		name  string
		value float64
	}{{"rate", a.Rate}, {"rate_max", a.RateMax}, {"load", a.Load}, {"burst_factor", a.BurstFactor}, {"burst_mean", a.BurstMean}, {"calm_mean", a.CalmMean}, {"gap_cv", a.GapCV}} {
		c.that(x.value >= 0 && finite(x.value), "workload.arrivals."+x.name, x.value, "must be finite and not negative")
	}
	c.that((a.Rate != 0) != (a.Load != 0) || replaced && a.Rate == 0, "workload.arrivals.rate", a.Rate, "must be given, or else arrivals.load: one of the two, and not both")
	// Beyond these a run would hardly end, and memory would.
	c.that(!(finite(a.Load) && a.Load > 100), "workload.arrivals.load", a.Load, "must be at most 100")
	c.that(!(finite(a.Rate) && a.Rate > 1e7), "workload.arrivals.rate", a.Rate, "must be at most 1e7 requests/s")
	c.that(!(finite(a.RateMax) && a.RateMax > 1e7), "workload.arrivals.rate_max", a.RateMax, "must be at most 1e7 requests/s")
	c.that(a.RateMax == 0 || a.RateMax >= a.Rate && a.Rate > 0, "workload.arrivals.rate_max", a.RateMax, "must be at least arrivals.rate, which must be set")
	if a.BurstFactor > 0 {
		// Shorter states would be endlessly many between two arrivals.
		c.that(a.BurstMean >= workload.MinStay, "workload.arrivals.burst_mean", a.BurstMean, fmt.Sprintf("must be at least %g s beside a burst factor", workload.MinStay))
		c.that(a.CalmMean >= workload.MinStay, "workload.arrivals.calm_mean", a.CalmMean, fmt.Sprintf("must be at least %g s beside a burst factor", workload.MinStay))
		if most := (a.BurstMean + a.CalmMean) / a.BurstMean; a.BurstMean >= workload.MinStay && a.CalmMean >= workload.MinStay {
			c.that(a.BurstFactor >= 1 && a.BurstFactor <= most, "workload.arrivals.burst_factor", a.BurstFactor, fmt.Sprintf("must be in [1, %.4g], (burst_mean + calm_mean) / burst_mean", most))
		}
	}
	if a.MMPP != nil {
		if _, err := a.MMPP.chain(); err != nil {
			c("workload.arrivals.mmpp", nil, err.Error())
		}
		c.that(a.BurstFactor == 0, "workload.arrivals.burst_factor", a.BurstFactor, "must not stand beside mmpp")
	}
	if a.GapCV != 0 {
		c.that(!finite(a.GapCV) || a.GapCV < 0 || a.GapCV >= 1 && a.GapCV <= 100, "workload.arrivals.gap_cv", a.GapCV, "must be in [1, 100]")
		c.that(a.BurstFactor == 0 && a.MMPP == nil, "workload.arrivals.gap_cv", a.GapCV, "must not stand beside mmpp or burst_factor")
	}
	if a.Profile != nil {
		if _, err := a.Profile.profile(); err != nil {
			c("workload.arrivals.profile", nil, err.Error())
		}
	}
}

// process returns the arrival process of the given mean rate (requests/s).
func (a *Arrivals) process(rate float64) (workload.Arrivals, error) {
	p := workload.Arrivals{Rate: rate, RateMax: a.RateMax, BurstFactor: a.BurstFactor, BurstMean: a.BurstMean, CalmMean: a.CalmMean, GapCV: a.GapCV}
	var err error
	if a.MMPP != nil {
		if p.Chain, err = a.MMPP.chain(); err != nil {
			return p, err
		}
	}
	if a.Profile != nil {
		p.Profile, err = a.Profile.profile()
	}
	return p, err
}

func (m *MMPP) chain() (*workload.Chain, error) {
	return workload.NewChain(m.Factors, m.Stays, m.Next)
}

func (p *Profile) profile() (*workload.Profile, error) {
	return workload.NewProfile(p.Period, p.Factors, p.Start, p.RandomStart)
}
