package scenario

import (
	"fairlb/env/workload"
)

// validate reports what is wrong with the stage's law at the path of the
// stage. A trace file is not looked into: it is the run that reads it.
func (x *Stage) validate(c check, path string, secondsPerN float64) {
	c.oneOf(path+"resource", x.Resource, resources()...)
	if x.Law != "pareto" {
		c.that(x.Shape == 0, path+"shape", x.Shape, "only law pareto has a shape")
		c.that(x.Max == 0, path+"max", x.Max, "only law pareto has a max")
	}
	c.that(x.Trace == "" || x.Law == "trace", path+"trace", x.Trace, "only law trace has a trace")
	switch x.Law {
	case "pareto", "trace":
		c.that(x.CV == 0, path+"cv", x.CV, "law "+x.Law+" has none to set")
	}
	if x.Law == "trace" {
		c.that(x.Trace != "", path+"trace", x.Trace, "law trace must name a trace file")
		c.that(x.Mean >= 0 && x.Mean <= 1e6, path+"mean", x.Mean, "must be in [0, 1e+06], and 0 takes the trace's n times seconds_per_n")
		c.that(x.Mean != 0 || secondsPerN > 0, path+"mean", x.Mean, "law trace needs a mean, or else workload.seconds_per_n")
		return
	}
	if _, err := x.law(secondsPerN); err != nil {
		c(path+"law", x.Law, err.Error())
	}
}

// law returns the stage's distribution; secondsPerN is what a unit of n is
// worth where a trace gives the values (s).
func (x *Stage) law(secondsPerN float64) (workload.Law, error) {
	switch x.Law {
	case "pareto":
		return workload.NewPareto(x.Mean, x.Shape, x.Max)
	case "trace":
		return workload.TraceLaw(x.Trace, secondsPerN, x.Mean)
	}
	return workload.NewLaw(x.Law, x.Mean, x.CV)
}
