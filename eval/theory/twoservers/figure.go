package twoservers

import "fairlb/eval/theory/markov"

// Configuration is a group of bars of Figure 2b: what is wrong with what the LB knows.
type Configuration struct {
	Name     string
	Seen     float64 // the part of the traffic that the LB sees
	Inverted bool    // the weights are 1:2 where the speeds are 2:1 (~W)
}

// Configurations lists those of Figure 2b, in its order: -Q is partial observation, ~W
// inverted weights.
func Configurations() []Configuration {
	return []Configuration{
		{"accurate", 1, false}, {"50 % -Q", 1. / 2, false}, {"33 % -Q", 1. / 3, false},
		{"~W", 1, true}, {"50 % -Q ~W", 1. / 2, true}, {"33 % -Q ~W", 1. / 3, true},
	}
}

// Method is a bar of each group: a rule and how it breaks ties.
type Method struct {
	Name       string
	Rule       Rule
	TiesToFast float64
	SelfTuned  bool // the weights are not the configuration's, but found by SelfTuned
	Published  bool // it is in the paper's figure
}

// Weighted says whether the method looks at the configured weights.
func (m *Method) Weighted() bool { return m.Rule != LSQ && !m.SelfTuned }

// Methods lists the paper's three and beside them other ways to break ties (those of
// the published testbed are fair where there are two servers) and self-tuning SED.
func Methods() []Method {
	return []Method{
		{"WCMP", WCMP, 0.5, false, true}, {"LSQ", LSQ, 0.5, false, true}, {"SED", SED, 0.5, false, true},
		{"LSQ, ties to the fast", LSQ, 1, false, false}, {"LSQ, ties to the slow", LSQ, 0, false, false},
		{"SED, ties to the fast", SED, 1, false, false}, {"SED, ties to the slow", SED, 0, false, false},
		{"self-tuning SED, fixed", SED, 0.5, true, false},
	}
}

// Exponent is that of self-tuning SED's weights (env/dispatch).
const Exponent = 0.65

// Bar is a bar of Figure 2b.
type Bar struct {
	Method        Method
	Configuration Configuration
	Model         Model // as it was solved, with self-tuning's weights
	Solution      Solution
	Mixing        markov.Mixing
}

// with returns the model of a method in a configuration, with what else is as in m.
func (m Model) with(method Method, c Configuration) Model {
	m.Rule, m.Seen, m.Weights = method.Rule, c.Seen, m.Speeds
	if c.Inverted {
		m.Weights = [2]float64{m.Speeds[1], m.Speeds[0]}
	}
	if method.TiesToFast != 0.5 {
		m.TiesToFast = method.TiesToFast
	}
	return m
}

// Bars solves the bars of Figure 2b, with what is not of a method or a configuration
// as in m. Where a method does not look at weights its bars of inverted ones are those
// of accurate ones.
func Bars(m Model) ([]Bar, error) {
	var list []Bar
	for _, method := range Methods() {
		for _, c := range Configurations() {
			if c.Inverted && !method.Weighted() {
				continue
			}
			b := Bar{Method: method, Configuration: c, Model: m.with(method, c)}
			if m.Queues != Joint { // there is no chain, and nothing to tell of its mixing
				if method.SelfTuned {
					continue
				}
				var err error
				if b.Solution, err = b.Model.Solve(); err != nil {
					return nil, err
				}
				list = append(list, b)
				continue
			}
			if method.SelfTuned {
				t, err := SelfTuned(b.Model, Exponent)
				if err != nil {
					return nil, err
				}
				b.Model = t.Model
			}
			s, err := b.Model.solve(nil)
			if err != nil {
				return nil, err
			}
			b.Solution = s.Solution
			if b.Mixing, err = b.Model.mixing(s); err != nil {
				return nil, err
			}
			list = append(list, b)
		}
	}
	return list, nil
}
