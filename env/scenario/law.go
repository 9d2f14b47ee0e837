package scenario

import (
	"errors"
	"slices"

	"fairlb/env/settings"
	"fairlb/env/workload"
)

// rules states the rules of a stage. A trace file is not looked into: it is the
// run that reads it.
func (x *Stage) rules(r *settings.Rules, secondsPerN float64) {
	r.Check("resource", x.Resource, oneOf(resources()))
	if x.Law != "pareto" {
		r.Require(x.Shape == 0, "shape", x.Shape, "only law pareto has a shape")
		r.Require(x.Max == 0, "max", x.Max, "only law pareto has a max")
	}
	r.Require(x.Trace == "" || x.Law == "trace", "trace", x.Trace, "only law trace has a trace")
	r.Require(len(x.Parts) == 0 || x.Law == "mixture", "parts", nil, "only law mixture has parts")
	switch x.Law {
	case "pareto", "mixture", "trace":
		r.Require(x.CV == 0, "cv", x.CV, "law "+x.Law+" has none to set")
	}
	if x.Law == "trace" {
		r.Require(x.Trace != "", "trace", x.Trace, "law trace must name a trace file")
		r.Require(x.Mean >= 0 && x.Mean <= 1e6, "mean", x.Mean, "must be in [0, 1e+06], and 0 takes the trace's n times seconds_per_n")
		r.Require(x.Mean != 0 || secondsPerN > 0, "mean", x.Mean, "law trace needs a mean, or else workload.seconds_per_n")
		return
	}
	known, sentence := workload.LawNames(), ""
	var mixed *workload.MixtureError
	switch _, err := x.law(secondsPerN); {
	case errors.As(err, &mixed):
		r.Report(mixed.Field, mixed.Value, mixed.Rule)
	case err != nil:
		sentence = err.Error()
	}
	r.Check("law", x.Law, settings.OneOf(known...).Saying(sentence))
	r.Require(sentence == "" || !slices.Contains(known, x.Law), "law", x.Law, sentence)
}

// law returns the distribution of the stage's demand. Where the demand is drawn
// from a trace file's n, secondsPerN is the demand of a unit of n (s).
func (x *Stage) law(secondsPerN float64) (workload.Law, error) {
	switch x.Law {
	case "pareto":
		return workload.NewPareto(x.Mean, x.Shape, x.Max)
	case "mixture":
		var parts []workload.Part
		for _, p := range x.Parts {
			parts = append(parts, workload.Part{Share: p.Share, Mean: p.Mean, CV: p.CV})
		}
		return workload.NewMixture(x.Mean, parts)
	case "trace":
		return workload.TraceLaw(x.Trace, secondsPerN, x.Mean)
	}
	return workload.NewLaw(x.Law, x.Mean, x.CV)
}
