package dispatch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Ties is how LSQ, SED and the weights of agents choose one of several servers
// that have the same least score. It matters where an LB has few requests on each
// server, since nearly every choice is a tie then. No other rule obeys it: the
// rest break their ties as they say themselves.
type Ties uint8

const (
	// FairTies takes one of the minimisers at random.
	FairTies Ties = iota

	// PluginTies is what the published testbed did. A candidate is drawn at
	// random among the servers that are in (the testbed took the one that the
	// hash of the flow gives). Then all servers are passed in one order, and one
	// replaces the candidate if its score is strictly less. So the candidate stays
	// if it is a minimiser, and else the first minimiser in the order is taken. The
	// order is the same at every LB: servers of more capacity come first, as in the
	// testbed, and those of equal capacity are in the order of their indices.
	PluginTies

	// OrderedTies takes the first of the minimisers in an order in which servers of
	// less weight come first, because they have fewer requests where scores tie, and
	// servers of equal weight are in the order of their indices, which every second
	// LB reverses, so that two LBs do not send to the same server. The weights are
	// those that the rule was made with; the order stays when an agent sets others.
	OrderedTies
)

// TiesNames lists the names of the Ties, by their values.
func TiesNames() []string {
	return []string{FairTies: "fair", PluginTies: "plugin", OrderedTies: "ordered"}
}

// ParseTies returns the Ties of a name.
func ParseTies(name string) (Ties, error) {
	if t := slices.Index(TiesNames(), name); t >= 0 {
		return Ties(t), nil
	}
	return 0, fmt.Errorf("dispatch: unknown tie rule %q (known: %s)", name, strings.Join(TiesNames(), ", "))
}

// String returns the name.
func (t Ties) String() string {
	if t.valid() {
		return TiesNames()[t]
	}
	return fmt.Sprintf("Ties(%d)", uint8(t))
}

func (t Ties) valid() bool { return int(t) < len(TiesNames()) }

// order returns the servers in the order in which the first minimiser is looked
// for, for the rule of the LB that o describes.
func (t Ties) order(weights []float64, o Options) []int32 {
	order := make([]int32, len(weights))
	for j := range order {
		order[j] = int32(j)
	}
	switch t {
	case PluginTies:
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(o.Capacity[b], o.Capacity[a]) })
	case OrderedTies:
		if o.LB%2 == 1 {
			slices.Reverse(order)
		}
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(weights[a], weights[b]) })
	}
	return order
}
