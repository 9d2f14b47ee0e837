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
	Rand    *rand.Rand // for random choices and ties
	Oracle  Foresight  // nil where nobody has it
}

// Foresight is the global knowledge of the Oracle.
type Foresight interface {
	// Finish returns the time (s) in which server j would finish all its
	// work, the arriving request included.
	Finish(server int) float64
}

// Names lists the heuristics that New knows, in the order of the tables.
func Names() []string { return []string{"ecmp", "wcmp", "lsq", "sed", "oracle"} }

// New returns the heuristic of the given name for servers with the given
// configured capacities (number of processors): what an operator knows, not
// what a server can truly do.
func New(name string, capacity []float64) (Rule, error) {
	switch name {
	case "ecmp":
		return NewRandom(uniform(len(capacity)))
	case "wcmp":
		return NewRandom(capacity)
	case "lsq":
		return NewShortestDelay(uniform(len(capacity)))
	case "sed":
		return NewShortestDelay(capacity)
	case "oracle":
		return Oracle{}, nil
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
