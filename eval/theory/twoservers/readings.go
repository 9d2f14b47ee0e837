package twoservers

import (
	"fmt"
	"slices"
)

// Reading is one way to read what appendix A leaves open.
type Reading struct {
	Name   string
	Model  Model
	Busy   bool // the duration is a mean over the times at which a queue is not empty
	Values []Value
}

// Value is the weighted service duration of one of the paper's methods.
type Value struct {
	Method, Configuration string
	Duration              float64
}

// Readings solves the paper's bars under the plain reading and under each that differs
// from it in one choice.
func Readings(plain Model) ([]Reading, error) {
	list := []Reading{{Name: "plain", Model: plain}}
	add := func(name string, change func(*Model)) {
		m := plain
		change(&m)
		list = append(list, Reading{Name: name, Model: m})
	}
	add(fmt.Sprintf("queues of %d", max(1, plain.Queue/2)), func(m *Model) { m.Queue = max(1, plain.Queue/2) })
	add(fmt.Sprintf("queues of %d", min(MaxQueue, 2*plain.Queue)), func(m *Model) { m.Queue = min(MaxQueue, 2*plain.Queue) })
	add("a load of 0.9", func(m *Model) { m.Load = 0.9 * plain.Load })
	add("ties to the fast server", func(m *Model) { m.TiesToFast = 1 })
	add("ties to the slow server", func(m *Model) { m.TiesToFast = 0 })
	add("a full queue diverts", func(m *Model) { m.Full = Diverted })
	list = append(list, Reading{Name: "empty times left out", Model: plain, Busy: true})
	add("slots of many events, sum 1", func(m *Model) { m.Slot = 1 / (m.rate() + m.Speeds[0] + m.Speeds[1]) })
	add("sees a part of the tasks, anew", func(m *Model) { m.View = ThinnedView })
	add("sees a part of each length", func(m *Model) { m.View = ScaledView })
	add("sees whole queues", func(m *Model) { m.View = WholeView })
	add("the rest by speeds", func(m *Model) { m.Rest = WeightedRest })
	add("the rest by a like LB", func(m *Model) { m.Rest = SameRest })
	add("independent, rates by length", func(m *Model) { m.Queues, m.View = Conditional, ThinnedView })
	add("independent, as printed", func(m *Model) { m.Queues, m.View = Independent, ThinnedView })
	for k := range list {
		if err := list[k].solve(); err != nil {
			return nil, fmt.Errorf("%s: %w", list[k].Name, err)
		}
	}
	return list, nil
}

// solve fills in the values.
func (r *Reading) solve() error {
	for _, method := range Methods() {
		if !method.Published {
			continue
		}
		for _, c := range Configurations() {
			if c.Inverted && !method.Weighted() {
				continue
			}
			m := r.Model.with(method, c)
			s, err := m.Solve()
			if err != nil {
				return err
			}
			v := Value{method.Name, c.Name, s.Duration}
			if r.Busy {
				v.Duration = s.DurationBusy
			}
			r.Values = append(r.Values, v)
		}
	}
	return nil
}

// Of returns the duration of a method in a configuration; that of a method which does
// not look at weights is the same where they are inverted.
func (r *Reading) Of(method, configuration string) float64 {
	names := Configurations()
	at := slices.IndexFunc(names, func(c Configuration) bool { return c.Name == configuration })
	for _, v := range r.Values {
		if v.Method == method && (v.Configuration == configuration || method == "LSQ" && v.Configuration == names[at%3].Name) {
			return v.Duration
		}
	}
	panic("twoservers: no such value") // names are those of Methods and Configurations
}

// Statement is a sentence of appendix A about Figure 2b.
type Statement struct {
	Short, Text string
	Holds       func(r *Reading) bool
}

// Statements lists them. Better or worse by less than 1 % is as good.
func Statements() []Statement {
	const margin = 0.01
	worse := func(a, b float64) bool { return a > b*(1+margin) }
	least := func(r *Reading, c string) float64 { return min(r.Of("WCMP", c), r.Of("LSQ", c), r.Of("SED", c)) }
	const accurate, half, third, inverted = "accurate", "50 % -Q", "33 % -Q", "~W"
	return []Statement{
		{"a", "accurate: SED has the best performance", func(r *Reading) bool {
			return !worse(r.Of("SED", accurate), least(r, accurate))
		}},
		{"b", "accurate: WCMP has the best performance, with SED", func(r *Reading) bool {
			return !worse(r.Of("WCMP", accurate), least(r, accurate))
		}},
		{"b'", "accurate: WCMP is at least better than LSQ", func(r *Reading) bool {
			return worse(r.Of("LSQ", accurate), r.Of("WCMP", accurate))
		}},
		{"c", "-Q: LSQ outperforms WCMP, at 50 % and at 33 %", func(r *Reading) bool {
			return worse(r.Of("WCMP", half), r.Of("LSQ", half)) && worse(r.Of("WCMP", third), r.Of("LSQ", third))
		}},
		{"d", "-Q: SED outperforms WCMP, at 50 % and at 33 %", func(r *Reading) bool {
			return worse(r.Of("WCMP", half), r.Of("SED", half)) && worse(r.Of("WCMP", third), r.Of("SED", third))
		}},
		{"e", "-Q degrades LSQ, 33 % more than 50 %", func(r *Reading) bool {
			return worse(r.Of("LSQ", half), r.Of("LSQ", accurate)) && worse(r.Of("LSQ", third), r.Of("LSQ", half))
		}},
		{"f", "-Q degrades SED, 33 % more than 50 %", func(r *Reading) bool {
			return worse(r.Of("SED", half), r.Of("SED", accurate)) && worse(r.Of("SED", third), r.Of("SED", half))
		}},
		{"g", "~W degrades WCMP, all traffic seen", func(r *Reading) bool {
			return worse(r.Of("WCMP", inverted), r.Of("WCMP", accurate))
		}},
		{"h", "~W degrades SED, all traffic seen", func(r *Reading) bool {
			return worse(r.Of("SED", inverted), r.Of("SED", accurate))
		}},
		{"i", "SED with -Q and ~W is worse than with either", func(r *Reading) bool {
			both := func(c string) bool {
				return worse(r.Of("SED", c+" ~W"), r.Of("SED", c)) && worse(r.Of("SED", c+" ~W"), r.Of("SED", inverted))
			}
			return both(half) && both(third)
		}},
	}
}
