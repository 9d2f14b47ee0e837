package scenario

import "fmt"

// Scaled returns the scenario with servers of less speed, or more, and requests that come
// as much less often, or more: processors are as busy as before, and each request asks for
// what it asked for before. It is how a pool fits a machine that has fewer cores. Input and
// output, and all that has a time of its own, stays as it is.
func (s Scenario) Scaled(factor float64) Scenario {
	s.Name = fmt.Sprintf("%s scaled by %g", s.Name, factor)
	groups, changes := s.Servers, s.Changes
	s.Servers, s.Changes = nil, nil
	for _, g := range groups {
		g.Speed *= factor
		s.Servers = append(s.Servers, g)
	}
	for _, x := range changes { // random ones are factors on the speed
		if x.Kind == "speed" {
			x.Value *= factor
		}
		s.Changes = append(s.Changes, x)
	}
	w := &s.Workload
	w.Arrivals.Rate *= factor
	w.Arrivals.RateMax *= factor
	if w.Trace != "" {
		if w.RateFactor == 0 {
			w.RateFactor = 1
		}
		w.RateFactor *= factor
	}
	return s
}
