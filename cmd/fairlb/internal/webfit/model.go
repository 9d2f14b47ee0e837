package webfit

import (
	"slices"

	"fairlb/env/scenario"
	"fairlb/eval/fit"
)

// number is one of the numbers of the twin that the paper does not print.
type number struct {
	fit.Parameter
	set func(s *scenario.Scenario, value float64)
}

// pageNumbers are the numbers of the pages and of the servers, which all scenarios
// of the web mix share.
func pageNumbers() []number {
	wiki := func(s *scenario.Scenario) *scenario.Class { return &s.Workload.Classes[0] }
	return []number{
		{fit.Parameter{Name: "thread gain", Start: 0.3, Low: 0, High: 1}, func(s *scenario.Scenario, v float64) { s.CPU.ThreadGain = v }},
		{fit.Parameter{Name: "wiki.cpu.mean", Unit: "s", Start: 0.036, Low: 0.015, High: 0.08, Logarithmic: true}, func(s *scenario.Scenario, v float64) { wiki(s).Stages[0].Mean = v }},
		{fit.Parameter{Name: "wiki.cpu.cv", Start: 1.5, Low: 0.3, High: 4, Logarithmic: true}, func(s *scenario.Scenario, v float64) { wiki(s).Stages[0].CV = v }},
		{fit.Parameter{Name: "wiki.io.mean", Unit: "s", Start: 0.006, Low: 0.0005, High: 0.03, Logarithmic: true}, func(s *scenario.Scenario, v float64) { wiki(s).Stages[1].Mean = v }},
		{fit.Parameter{Name: "static.cpu.mean", Unit: "s", Start: 0.002, Low: 0.0005, High: 0.006, Logarithmic: true}, func(s *scenario.Scenario, v float64) { s.Workload.Classes[1].Stages[0].Mean = v }},
	}
}

// printedRate is the rate (queries/s) that the paper prints for an hour of the trace.
type printedRate struct {
	scenario string
	rate     float64
}

// moderateHours and largeHours are the hours of Tables 11 and 12, and of Table 13.
func moderateHours() []printedRate {
	return []printedRate{{"web-moderate/period-1", 796.315}, {"web-moderate/period-2", 687.447}, {"web-moderate/period-3", 784.522}, {"web-moderate/period-4", 784.522}}
}

func largeHours() []printedRate {
	return []printedRate{{"web-large/period-1", 2022.855}, {"web-large/period-2", 2071.129}}
}

// wikiShare is the part of Wiki pages that published logs of the testbed give.
const wikiShare = 0.44

// setShare sets the part of the requests that are Wiki pages.
func setShare(s *scenario.Scenario, wiki float64) {
	s.Workload.Classes[0].Share, s.Workload.Classes[1].Share = wiki, 1-wiki
}

// hourNumbers are those of hours of the trace: how much faster than the printed rate
// requests came in the minute that was replayed, and which part of them were Wiki
// pages.
func hourNumbers(hours []printedRate) []number {
	var list []number
	for _, hour := range hours {
		list = append(list,
			number{fit.Parameter{Name: "load factor", Scenario: hour.scenario, Start: 1.05, Low: 0.9, High: 1.3, Logarithmic: true},
				func(s *scenario.Scenario, v float64) { s.Workload.Arrivals.Rate = hour.rate * v }},
			number{fit.Parameter{Name: "wiki share", Scenario: hour.scenario, Start: wikiShare, Low: 0.38, High: 0.5}, setShare})
	}
	return list
}

// burstNumbers says how much faster requests come in bursts of 1 s, 4 s apart.
func burstNumbers() []number {
	return []number{{fit.Parameter{Name: "burst_factor - 1", Start: 0.1, Low: 0.003, High: 3, Logarithmic: true}, func(s *scenario.Scenario, v float64) {
		a := &s.Workload.Arrivals
		a.BurstFactor, a.BurstMean, a.CalmMean = 1+v, 1, 4
	}}}
}

// wanderingNumbers say how the speed of a virtual machine wanders among others on
// its host.
func wanderingNumbers() []number {
	change := func(s *scenario.Scenario) *scenario.RandomChange {
		if len(s.RandomChanges) == 0 {
			s.RandomChanges = []scenario.RandomChange{{Kind: "speed", Low: 1, High: 1, Initial: true}}
		}
		return &s.RandomChanges[0]
	}
	return []number{
		{fit.Parameter{Name: "speed spread", Start: 0.2, Low: 0.001, High: 0.8}, func(s *scenario.Scenario, v float64) { change(s).Low, change(s).High = 1-v, 1+v }},
		{fit.Parameter{Name: "speed changes", Unit: "a minute and server", Start: 1, Low: 0.1, High: 30, Logarithmic: true}, func(s *scenario.Scenario, v float64) {
			servers := 0
			for _, g := range s.Servers {
				servers += g.Count
			}
			change(s).PerMinute = v * float64(servers)
		}},
	}
}

// contentionNumbers says how the throughput of a server falls with concurrency.
func contentionNumbers() []number {
	return []number{{fit.Parameter{Name: "contention", Start: 0.003, Low: 0.0001, High: 0.1, Logarithmic: true}, func(s *scenario.Scenario, v float64) { s.CPU.Contention = v }}}
}

// model is a simulation of the testbed whose numbers are fitted.
type model struct {
	name   string // what is otherwise than in the twin
	free   []number
	change func(s *scenario.Scenario) // of the twin's structure; nil: none
}

// twin is the model of the built-in scenarios: what is known of the testbed, and
// nothing that is not needed.
func twin() model { return model{name: "the twin", free: pageNumbers()} }

// otherModels are the twin without each of its parts, and with each of those that it
// does without.
func otherModels() []model {
	all := pageNumbers()
	return []model{
		{"without threads: each CPU is a core", all[1:], func(s *scenario.Scenario) { s.CPU.ThreadsPerCore, s.CPU.ThreadGain = 0, 0 }},
		{"without the plugin's ties: fair ones", all, func(s *scenario.Scenario) { s.Ties = "fair" }},
		{"without IO", slices.Delete(slices.Clone(all), 3, 4), func(s *scenario.Scenario) { s.Workload.Classes[0].Stages = s.Workload.Classes[0].Stages[:1] }},
		{"without prefork: free workers during IO", all, func(s *scenario.Scenario) { s.CPU.Prefork = false }},
		{"without the round trip: counts rise at once", all, func(s *scenario.Scenario) { s.Counting = "" }},
		{"without SYN retries", all, func(s *scenario.Scenario) { s.SYNRetries = nil }},
		{"with bursts", append(pageNumbers(), burstNumbers()...), nil},
		{"with wandering speeds", append(pageNumbers(), wanderingNumbers()...), nil},
		{"with contention", append(pageNumbers(), contentionNumbers()...), nil},
	}
}

// former is the twin that this one replaced, with the numbers of its fit: a CPU is a
// core, workers are free during IO, ties are broken at random, and speeds wander.
func former() model {
	return model{name: "the former twin", change: func(s *scenario.Scenario) {
		for _, hour := range slices.Concat(moderateHours(), largeHours()) {
			if hour.scenario == s.Name {
				s.Workload.Arrivals.Rate = hour.rate
			}
		}
		setShare(s, wikiShare)
		s.CPU.ThreadsPerCore, s.CPU.ThreadGain, s.CPU.Prefork = 0, 0, false
		s.Ties, s.Counting, s.Refusals, s.SYNRetries = "fair", "", "", nil
		for k, v := range []float64{0.0522, 0.965, 0.000452, 0.00275} {
			pageNumbers()[k+1].set(s, v)
		}
		burstNumbers()[0].set(s, 0.0289)
		wanderingNumbers()[0].set(s, 0.399)
		wanderingNumbers()[1].set(s, 1.22)
	}}
}

// apply makes a scenario that of the model with the given values of its numbers, as
// far as they are the named scenario's.
func (m *model) apply(s *scenario.Scenario, name string, values []float64) {
	if m.change != nil {
		m.change(s)
	}
	for k, v := range values {
		if of := m.free[k].Scenario; of == "" || of == name {
			m.free[k].set(s, v)
		}
	}
}

// parameters returns the model's numbers for the search.
func (m *model) parameters() []fit.Parameter {
	var list []fit.Parameter
	for k := range m.free {
		list = append(list, m.free[k].Parameter)
	}
	return list
}

// overloadModels are what may make the level of the overloaded columns.
func overloadModels() []model {
	return []model{
		{name: "the twin", change: func(*scenario.Scenario) {}},
		{name: "without SYN retries", change: func(s *scenario.Scenario) { s.SYNRetries = nil }},
		{name: "refusals that are seen", change: func(s *scenario.Scenario) { s.Refusals = "" }},
		{name: "contention of 0.005", change: func(s *scenario.Scenario) { s.CPU.Contention = 0.005 }},
		{name: "a backlog of 511", change: func(s *scenario.Scenario) { s.CPU.Backlog = 511 }},
	}
}
