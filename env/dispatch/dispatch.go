package dispatch

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Rule chooses a server for each request that arrives at one LB.
type Rule interface {
	// Pick returns the index of the chosen server.
	Pick(v *View) int
}

// View is what one LB can look at when a request arrives.
type View struct {
	Ongoing []int32    // q_ij, the LB's own ongoing requests by server
	Changed []int32    // servers whose count changed since the rule's last Pick; nil: any may have
	Rand    *rand.Rand // for random choices and ties
	Oracle  Foresight  // global knowledge; nil where nobody has it
}

// Foresight is the global knowledge of the Oracle and its like.
type Foresight interface {
	// Finish returns the time (s) in which server j would finish all its
	// work, the arriving request included.
	Finish(server int) float64

	// Held returns the requests, of all LBs, that server j has or that are
	// on their way to it.
	Held(server int) int32
}

// heuristic is what New makes for one LB.
type heuristic struct {
	name    string
	summary string
	make    func(capacity []float64, lb int) (Rule, error)
}

// heuristics lists them in the order of the tables: the paper's first, then
// those of practice, then references that see more than an LB can.
func heuristics() []heuristic {
	return []heuristic{
		{"ecmp", "at random (appendix C.3)", func(c []float64, _ int) (Rule, error) { return NewRandom(uniform(len(c))) }},
		{"wcmp", "at random, by capacity (appendix C.3)", func(c []float64, _ int) (Rule, error) { return NewRandom(c) }},
		{"lsq", "least own requests, fair ties (appendix C.3)", func(c []float64, _ int) (Rule, error) { return NewShortestDelay(uniform(len(c))) }},
		{"sed", "least own (requests + 1) / capacity, fair ties (appendix C.3)", func(c []float64, _ int) (Rule, error) { return NewShortestDelay(c) }},
		{"oracle", "would finish all its work first; sees everything (appendix C.3)", func([]float64, int) (Rule, error) { return Oracle{}, nil }},
		{"p2c", "the lesser, by SED's measure, of two drawn at random", func(c []float64, _ int) (Rule, error) { return NewTwoChoices(c) }},
		{"lsq-ordered", "LSQ, ties by an order that the next LB reverses", func(c []float64, lb int) (Rule, error) { return NewOrdered(uniform(len(c)), lb) }},
		{"sed-ordered", "SED, ties by an order that the next LB reverses", func(c []float64, lb int) (Rule, error) { return NewOrdered(c, lb) }},
		{"jsq", "least requests of all LBs; sees everything", func(c []float64, _ int) (Rule, error) { return NewGlobal(uniform(len(c))) }},
		{"sed-global", "SED by the requests of all LBs; sees everything", func(c []float64, _ int) (Rule, error) { return NewGlobal(c) }},
	}
}

// Names lists the heuristics that New knows.
func Names() []string {
	var names []string
	for _, h := range heuristics() {
		names = append(names, h.name)
	}
	return names
}

// Summary says in a few words what a heuristic does; empty if there is none
// of that name.
func Summary(name string) string {
	for _, h := range heuristics() {
		if h.name == name {
			return h.summary
		}
	}
	return ""
}

// New returns the heuristic of the given name for one LB and servers with the
// given configured capacities (number of processors): what an operator knows,
// not what a server can truly do.
func New(name string, capacity []float64, lb int) (Rule, error) {
	for _, h := range heuristics() {
		if h.name == name {
			return h.make(capacity, lb)
		}
	}
	return nil, fmt.Errorf("dispatch: unknown heuristic %q (known: %s)", name, strings.Join(Names(), ", "))
}

func uniform(n int) []float64 {
	w := make([]float64, n)
	for j := range w {
		w[j] = 1
	}
	return w
}

// checkWeights reports weights that are not all positive and finite.
func checkWeights(weights []float64) error {
	if len(weights) == 0 {
		return fmt.Errorf("dispatch: no servers")
	}
	for j, w := range weights {
		if !(w > 0 && w <= 1e12) {
			return fmt.Errorf("dispatch: weight of server %d is %g: must be in (0, 1e12]", j, w)
		}
	}
	return nil
}
