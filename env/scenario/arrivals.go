package scenario

import (
	"fmt"

	"fairlb/env/settings"
	"fairlb/env/workload"
)

// besideTrace states the rule of arrivals that a trace gives.
func (a *Arrivals) besideTrace(r *settings.Rules) {
	const rule = "must be left out beside a trace, which gives the arrivals (workload.rate_factor and speed_up change its rate)"
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"rate", a.Rate}, {"rate_max", a.RateMax}, {"load", a.Load}, {"burst_factor", a.BurstFactor},
		{"burst_mean", a.BurstMean}, {"calm_mean", a.CalmMean}, {"gap_cv", a.GapCV},
	} {
		r.Require(x.value == 0, x.name, x.value, rule)
	}
	r.Require(a.MMPP == nil, "mmpp", nil, rule)
	r.Require(a.Profile == nil, "profile", nil, rule)
}

// rules states the rules of an arrival process.
func (a *Arrivals) rules(r *settings.Rules) {
	r.Check("rate", a.Rate, settings.NotNegative())
	r.Check("rate_max", a.RateMax, settings.NotNegative())
	r.Check("load", a.Load, settings.NotNegative())
	r.Check("burst_factor", a.BurstFactor, settings.NotNegative())
	r.Check("burst_mean", a.BurstMean, settings.NotNegative())
	r.Check("calm_mean", a.CalmMean, settings.NotNegative())
	r.Check("gap_cv", a.GapCV, settings.NotNegative())
	r.Require((a.Rate != 0) != (a.Load != 0), "rate", a.Rate, "must be given, or else arrivals.load: one of the two, and not both")
	// Above these a run would take forever and run out of memory.
	r.Check("load", a.Load, settings.AtMost(100))
	r.Check("rate", a.Rate, settings.AtMost(1e7).Saying("must be at most 1e7 requests/s"))
	r.Check("rate_max", a.RateMax, settings.AtMost(1e7).Saying("must be at most 1e7 requests/s"))
	r.Require(a.RateMax == 0 || a.RateMax >= a.Rate && a.Rate > 0, "rate_max", a.RateMax, "must be at least arrivals.rate, which must be set")
	if a.BurstFactor > 0 {
		// With shorter states there would be no end of them between two arrivals.
		r.Require(a.BurstMean >= workload.MinStay, "burst_mean", a.BurstMean, fmt.Sprintf("must be at least %g s beside a burst factor", workload.MinStay))
		r.Require(a.CalmMean >= workload.MinStay, "calm_mean", a.CalmMean, fmt.Sprintf("must be at least %g s beside a burst factor", workload.MinStay))
		if most := (a.BurstMean + a.CalmMean) / a.BurstMean; a.BurstMean >= workload.MinStay && a.CalmMean >= workload.MinStay {
			r.Require(a.BurstFactor >= 1 && a.BurstFactor <= most, "burst_factor", a.BurstFactor, fmt.Sprintf("must be in [1, %.4g], (burst_mean + calm_mean) / burst_mean", most))
		}
	}
	if a.MMPP != nil {
		if _, err := a.MMPP.chain(); err != nil {
			r.Report("mmpp", nil, err.Error())
		}
		r.Require(a.BurstFactor == 0, "burst_factor", a.BurstFactor, "must not stand beside mmpp")
	}
	if a.GapCV != 0 {
		r.Require(!finite(a.GapCV) || a.GapCV < 0 || a.GapCV >= 1 && a.GapCV <= 100, "gap_cv", a.GapCV, "must be in [1, 100]")
		r.Require(a.BurstFactor == 0 && a.MMPP == nil, "gap_cv", a.GapCV, "must not stand beside mmpp or burst_factor")
	}
	if a.Profile != nil {
		if _, err := a.Profile.profile(); err != nil {
			r.Report("profile", nil, err.Error())
		}
	}
}

// process returns the arrival process with the given mean rate (requests/s),
// which follows from the load where the file gives that.
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

// chain returns the Markov chain of the states.
func (m *MMPP) chain() (*workload.Chain, error) {
	return workload.NewChain(m.Factors, m.Stays, m.Next)
}

// profile returns the factor on the rate as a function of time.
func (p *Profile) profile() (*workload.Profile, error) {
	return workload.NewProfile(p.Period, p.Factors, p.Start, p.RandomStart)
}
