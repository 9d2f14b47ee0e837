package queueing

import (
	"fmt"
	"math"
	"strings"

	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
	"fairlb/eval/theory/markov"
)

// tieSystem is two LBs that share a few servers under processor sharing, at a low
// load, where most choices are ties.
type tieSystem struct {
	heuristic  string
	ties       dispatch.Ties
	processors []int // of each server
	load       float64
	most       int // tasks at once that the chain knows of
}

// tieSystems lists them for each way to break ties. Of two servers plugin is the same
// as fair, which package markov explains, and of three it is not.
func tieSystems(requests int) []System {
	var list []System
	for _, ties := range []dispatch.Ties{dispatch.FairTies, dispatch.PluginTies, dispatch.OrderedTies} {
		list = append(list, tieSystem{"sed", ties, []int{2, 1}, 0.5, 20}.system(requests))
	}
	for _, heuristic := range []string{"lsq", "sed"} {
		for _, ties := range []dispatch.Ties{dispatch.FairTies, dispatch.PluginTies, dispatch.OrderedTies} {
			list = append(list, tieSystem{heuristic, ties, []int{2, 1, 1}, 0.3, 12}.system(requests))
		}
	}
	return list
}

// system returns the simulated system beside the solution of its chain.
func (x tieSystem) system(requests int) System {
	solution, err := x.chain().Solve()
	if err != nil {
		panic("queueing: a chain of the list has no solution") // the list is fixed
	}
	var servers []station.Server
	for _, n := range x.processors {
		servers = append(servers, station.Server{CPUs: n, Speed: 1})
	}
	rate := x.rate()
	cfg := config(requests, rate, servers, stage(workload.CPU, "exponential", 1, 0))
	cfg.CPU, cfg.Workers, cfg.Heuristic, cfg.Ties, cfg.LBs = station.ProcessorSharing, math.MaxInt32, x.heuristic, x.ties, 2
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(workload.Arrivals{Rate: rate}, cfg.Classes, []float64{0.5, 0.5}, seed), nil
	}
	processors := strings.Trim(strings.ReplaceAll(fmt.Sprint(x.processors), " ", ", "), "[]")
	return System{
		Name:       fmt.Sprintf("2 LBs, CPUs %s, %s, %v ties, load %g", processors, strings.ToUpper(x.heuristic), x.ties, x.load),
		Config:     cfg,
		Quantities: []Quantity{mean(solution.Completion, "Markov chain, solved")},
	}
}

// rate returns the requests/s.
func (x tieSystem) rate() float64 {
	rate := 0.0
	for _, n := range x.processors {
		rate += x.load * float64(n)
	}
	return rate
}

// chain returns the system as a Markov chain.
func (x tieSystem) chain() *markov.System {
	weights := make([]float64, len(x.processors))
	chain := &markov.System{LBs: 2, Rate: x.rate(), Most: x.most}
	for j, n := range x.processors {
		chain.Servers = append(chain.Servers, markov.Server{Processors: n, Speed: 1})
		if weights[j] = 1; x.heuristic == "sed" {
			weights[j] = float64(n)
		}
	}
	chain.Dispatch = markov.ShortestDelay(weights, x.chances())
	return chain
}

// chances returns the ties as chances, with their orders written out for two servers,
// the larger first, and three, the largest first and two equal ones.
func (x tieSystem) chances() markov.Ties {
	two := len(x.processors) == 2
	switch {
	case x.ties == dispatch.FairTies:
		return markov.Fair
	case x.ties == dispatch.PluginTies && two:
		return markov.CandidateOrFirst([]int{0, 1})
	case x.ties == dispatch.PluginTies:
		return markov.CandidateOrFirst([]int{0, 1, 2})
	case x.heuristic == "lsq":
		return markov.First([]int{0, 1, 2}, []int{2, 1, 0}) // all weights are equal
	case two:
		return markov.First([]int{1, 0}, []int{1, 0}) // less weight comes first at both
	}
	return markov.First([]int{1, 2, 0}, []int{2, 1, 0})
}
