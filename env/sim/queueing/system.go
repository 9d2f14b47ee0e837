package queueing

import (
	"fmt"
	"math"

	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// System is a simulated system with what theory says of it.
type System struct {
	Name       string
	Config     sim.Config // of one episode, which begins with Warm
	Warm       float64    // s, the beginning of an episode, which does not count
	Quantities []Quantity
}

// Quantity is a quantity of a system that theory knows.
type Quantity struct {
	Name   string
	Source string // names the formula
	Theory float64
	Margin float64 // the relative error that the theory itself may have; 0 if it is exact

	// measured computes the quantity from the completion times (s) and the
	// number of failed requests of an episode.
	measured func(completions []float64, failed int) float64
}

// mean is the mean completion time (s).
func mean(theory float64, source string) Quantity {
	return Quantity{Name: "mean", Source: source, Theory: theory, measured: func(completions []float64, _ int) float64 {
		sum := 0.0
		for _, x := range completions {
			sum += x
		}
		return sum / float64(len(completions))
	}}
}

// tail is the part of the requests that take longer than t (s).
func tail(t, theory float64, source string) Quantity {
	return Quantity{Name: fmt.Sprintf("P(T > %g)", t), Source: source, Theory: theory, measured: func(completions []float64, _ int) float64 {
		n := 0
		for _, x := range completions {
			if x > t {
				n++
			}
		}
		return float64(n) / float64(len(completions))
	}}
}

// loss is the part of the requests that are refused.
func loss(theory float64) Quantity {
	return Quantity{Name: "refused", Source: "Erlang", Theory: theory, measured: func(completions []float64, failed int) float64 {
		return float64(failed) / float64(len(completions)+failed)
	}}
}

// stage returns a stage whose demand has the given law, mean (s) and cv.
func stage(resource workload.Resource, name string, mean, cv float64) workload.Stage {
	law, err := workload.NewLaw(name, mean, cv)
	if err != nil {
		panic("queueing: a law of the list is wrong") // the list is fixed
	}
	return workload.Stage{Resource: resource, Law: law}
}

// config describes requests of one class that arrive at one LB as a Poisson process
// of the given rate (1/s), for so long that about the given number of them arrive.
func config(requests int, rate float64, servers []station.Server, stages ...workload.Stage) sim.Config {
	classes := []workload.Class{{Name: "task", Share: 1, Stages: stages}}
	duration := float64(requests) / rate
	return sim.Config{
		Config: station.Config{Servers: servers, Backlog: math.MaxInt32},
		LBs:    1, Timeout: 40,
		Duration: duration, StepInterval: duration, MaxLogWeight: 1, Heuristic: "ecmp", Classes: classes,
		Workload: func(seed uint64) (workload.Source, error) {
			return workload.NewSynthetic(workload.Arrivals{Rate: rate}, classes, []float64{1}, seed), nil
		},
	}
}

// Systems lists the systems. Their episodes have about the given number of requests,
// of which the first tenth does not count. The system of many servers, which fills
// slowly, has 60 s in addition at the beginning, and these are what does not count.
func Systems(requests int) []System {
	cpu := func(law string, cv float64) workload.Stage { return stage(workload.CPU, law, 1, cv) }
	processors := func(cpus int) []station.Server { return []station.Server{{CPUs: cpus, Speed: 1}} }
	sharing := func(c sim.Config) sim.Config {
		c.CPU, c.Workers = station.ProcessorSharing, math.MaxInt32
		return c
	}
	withBacklog := func(backlog int, c sim.Config) sim.Config { c.Backlog = backlog; return c }
	onThreads := func(c sim.Config) sim.Config {
		c.Processors = station.Processors{ThreadsPerCore: 2, ThreadGain: 0.3}
		return c
	}
	contending := func(workers int, c sim.Config) sim.Config {
		c.CPU, c.Workers, c.Processors.Contention = station.ProcessorSharing, workers, 0.02
		return c
	}
	prefork := func(c sim.Config) sim.Config {
		c.CPU, c.Workers, c.Prefork = station.ProcessorSharing, 1, true
		return c
	}
	withRule := func(heuristic string, c sim.Config) sim.Config { c.Heuristic = heuristic; return c }
	poisson := func(rate float64, servers []station.Server, stages ...workload.Stage) sim.Config {
		return config(requests, rate, servers, stages...)
	}
	many := make([]station.Server, 1000)
	for j := range many {
		many[j] = station.Server{CPUs: 1, Speed: 1}
	}
	// What n tasks get done: on four threads of two cores, of which a second busy
	// thread adds 0.3 of a core; and on two processors, 12 tasks in service at most,
	// where each beyond the processors costs 2 %.
	threads := func(n int) float64 { return float64(min(n, 2)) + 0.3*float64(max(0, min(n, 4)-2)) }
	contention := func(n int) float64 { return float64(min(n, 2)) / (1 + 0.02*float64(max(0, min(n, 12)-2))) }
	asLimit := func(q Quantity) Quantity { q.Margin = 0.003; return q }

	const pk, erlang, insensitive, jackson, chain, field, birthDeath = "Pollaczek-Khinchine", "Erlang C", "insensitivity of PS", "product form", "Markov chain, solved", "limit of many servers", "birth-death chain"
	list := []System{
		{Name: "M/M/1, load 0.7", Config: poisson(0.7, processors(1), cpu("exponential", 0)), Quantities: []Quantity{mean(mmcMean(1, 0.7), erlang), tail(7.5, mmcTail(1, 0.7, 7.5), erlang), tail(15, mmcTail(1, 0.7, 15), erlang)}},
		{Name: "M/M/1 at speed 2, load 0.7", Config: poisson(1.4, []station.Server{{CPUs: 1, Speed: 2}}, cpu("exponential", 0)), Quantities: []Quantity{mean(mmcMean(1, 0.7)/2, erlang)}},
		{Name: "M/M/2, load 0.7", Config: poisson(1.4, processors(2), cpu("exponential", 0)), Quantities: []Quantity{mean(mmcMean(2, 1.4), erlang), tail(4, mmcTail(2, 1.4, 4), erlang), tail(8, mmcTail(2, 1.4, 8), erlang)}},
		{Name: "M/M/8, load 0.85", Config: poisson(6.8, processors(8), cpu("exponential", 0)), Quantities: []Quantity{mean(mmcMean(8, 6.8), erlang), tail(3, mmcTail(8, 6.8, 3), erlang), tail(5.5, mmcTail(8, 6.8, 5.5), erlang)}},
		{Name: "M/D/1, load 0.7", Config: poisson(0.7, processors(1), cpu("deterministic", 0)), Quantities: []Quantity{mean(pollaczekKhinchine(0.7, 0), pk)}},
		{Name: "M/G/1 log-normal cv 1.5, load 0.5", Config: poisson(0.5, processors(1), cpu("log-normal", 1.5)), Quantities: []Quantity{mean(pollaczekKhinchine(0.5, 1.5), pk)}},
		{Name: "M/D/1-PS, load 0.7", Config: sharing(poisson(0.7, processors(1), cpu("deterministic", 0))), Quantities: []Quantity{mean(1/(1-0.7), insensitive)}},
		{Name: "M/M/1-PS, load 0.7", Config: sharing(poisson(0.7, processors(1), cpu("exponential", 0))), Quantities: []Quantity{mean(1/(1-0.7), insensitive)}},
		{Name: "M/H2/1-PS cv 2, load 0.7", Config: sharing(poisson(0.7, processors(1), cpu("hyperexponential", 2))), Quantities: []Quantity{mean(1/(1-0.7), insensitive)}},
		{Name: "M/M/4-PS, load 0.8", Config: sharing(poisson(3.2, processors(4), cpu("exponential", 0))), Quantities: []Quantity{mean(mmcMean(4, 3.2), erlang)}},
		{Name: "M/H2/4-PS cv 2, load 0.8", Config: sharing(poisson(3.2, processors(4), cpu("hyperexponential", 2))), Quantities: []Quantity{mean(mmcMean(4, 3.2), insensitive)}},
		{Name: "PS on 4 threads of 2 cores, load 0.8", Config: onThreads(sharing(poisson(0.8*threads(4), processors(4), cpu("exponential", 0)))), Quantities: []Quantity{mean(birthDeathMean(0.8*threads(4), threads), birthDeath)}},
		{Name: "PS on 4 threads of 2 cores, H2 cv 2", Config: onThreads(sharing(poisson(0.8*threads(4), processors(4), cpu("hyperexponential", 2)))), Quantities: []Quantity{mean(birthDeathMean(0.8*threads(4), threads), insensitive)}},
		{Name: "FIFO on 4 threads of 2 cores, load 0.8", Config: onThreads(poisson(0.8*threads(4), processors(4), cpu("exponential", 0))), Quantities: []Quantity{mean(birthDeathMean(0.8*threads(4), threads), birthDeath)}},
		{Name: "M/M/2-PS with contention, load 0.7", Config: contending(12, poisson(1.4, processors(2), cpu("exponential", 0))), Quantities: []Quantity{mean(birthDeathMean(1.4, contention), birthDeath)}},
		{Name: "prefork, one worker, CPU and IO, load 0.7", Config: prefork(poisson(1, processors(1), stage(workload.CPU, "exponential", 0.5, 0), stage(workload.IO, "deterministic", 0.2, 0))), Quantities: []Quantity{mean(0.7*pollaczekKhinchine(0.7, 0.5/0.7), pk)}},
		{Name: "prefork, one worker, no backlog", Config: withBacklog(0, prefork(poisson(1, processors(1), stage(workload.CPU, "exponential", 0.5, 0), stage(workload.IO, "deterministic", 0.2, 0)))), Quantities: []Quantity{loss(mmckLoss(1, 1, 0.7))}},
		{Name: "IO: M/D/1-PS, load 0.7", Config: poisson(0.7, processors(1), stage(workload.IO, "deterministic", 1, 0)), Quantities: []Quantity{mean(1/(1-0.7), insensitive)}},
		{Name: "M/M/1/5, load 0.9", Config: withBacklog(4, poisson(0.9, processors(1), cpu("exponential", 0))), Quantities: []Quantity{loss(mmckLoss(1, 5, 0.9))}},
		{Name: "M/M/4/4, load 0.75", Config: withBacklog(0, poisson(3, processors(4), cpu("exponential", 0))), Quantities: []Quantity{loss(mmckLoss(4, 4, 3))}},
		{Name: "M/M/2/6, load 1.2", Config: withBacklog(4, poisson(2.4, processors(2), cpu("exponential", 0))), Quantities: []Quantity{loss(mmckLoss(2, 6, 2.4))}},
		{Name: "tandem M/M/2, IO", Config: poisson(1, processors(2), stage(workload.CPU, "exponential", 1.4, 0), stage(workload.IO, "exponential", 0.6, 0)), Quantities: []Quantity{mean(1.4*mmcMean(2, 1.4)+0.6/(1-0.6), jackson)}},
		{Name: "CPU, IO, CPU, load 0.6 and 0.5", Config: poisson(1, processors(1), stage(workload.CPU, "exponential", 0.3, 0), stage(workload.IO, "exponential", 0.5, 0), stage(workload.CPU, "exponential", 0.3, 0)), Quantities: []Quantity{mean(0.6/(1-0.6)+0.5/(1-0.5), jackson)}},
		{Name: "JSQ of 2 servers, load 0.7", Config: withRule("lsq", poisson(1.4, []station.Server{{CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 1}}, cpu("exponential", 0))), Quantities: []Quantity{mean(shortestMean(0.7), chain), tail(4.5, shortestTail(0.7, 4.5), chain), tail(8, shortestTail(0.7, 8), chain)}},
		{Name: "JSQ of 2 servers, load 0.9", Config: withRule("lsq", poisson(1.8, []station.Server{{CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 1}}, cpu("exponential", 0))), Quantities: []Quantity{mean(shortestMean(0.9), chain), tail(12, shortestTail(0.9, 12), chain)}},
		{Name: "JSQ(2), 1000 servers, load 0.9", Config: withRule("p2c", poisson(900, many, cpu("exponential", 0))), Quantities: []Quantity{asLimit(mean(twoChoicesMean(0.9), field)), asLimit(tail(5, twoChoicesTail(0.9, 5), field)), asLimit(tail(8, twoChoicesTail(0.9, 8), field))}},
	}
	list = append(list, tieSystems(requests)...)
	for k := range list {
		list[k].Warm = list[k].Config.Duration / 10
		if len(list[k].Config.Servers) == len(many) { // a busy system takes long to fill
			list[k].Warm, list[k].Config.Duration = 60, 60+list[k].Config.Duration
			list[k].Config.StepInterval = list[k].Config.Duration
		}
	}
	return list
}
