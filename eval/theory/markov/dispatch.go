package markov

import "math"

// Dispatch is the rule by which LBs choose servers. It writes to chance, by server,
// the probability that the LB of the given index sends an arriving task there while
// it has own tasks on each server.
type Dispatch func(lb int, own []int, chance []float64)

// Ties says how an LB chooses one of the servers of least score: it writes to chance,
// by server, the probability of each; least marks the servers among which it
// chooses, at least one.
type Ties func(lb int, least []bool, chance []float64)

// ShortestDelay is the rule argmin_j (own_j + 1) / weights_j: LSQ by equal weights,
// and SED by the servers' capacities (appendix C.3).
func ShortestDelay(weights []float64, ties Ties) Dispatch {
	return func(lb int, own []int, chance []float64) {
		least, best := make([]bool, len(weights)), math.Inf(1)
		for j, w := range weights {
			best = min(best, float64(own[j]+1)/w)
		}
		for j, w := range weights {
			least[j] = float64(own[j]+1)/w == best
		}
		ties(lb, least, chance)
	}
}

// Fair takes each server of least score with the same chance.
func Fair(_ int, least []bool, chance []float64) {
	n := 0
	for _, l := range least {
		if l {
			n++
		}
	}
	for j, l := range least {
		chance[j] = 0
		if l {
			chance[j] = 1 / float64(n)
		}
	}
}

// CandidateOrFirst is what the published testbed did: a candidate, each server with
// the same chance, is taken if it is one of least score; otherwise the first of these
// in the order is. All LBs have the same order.
func CandidateOrFirst(order []int) Ties {
	return func(_ int, least []bool, chance []float64) {
		one, first := 1/float64(len(least)), -1
		for _, j := range order {
			chance[j] = 0
			if least[j] {
				if chance[j] = one; first < 0 {
					first = j
				}
			}
		}
		for _, l := range least {
			if !l {
				chance[first] += one
			}
		}
	}
}

// First takes the first server of least score in the LB's order: orders are those of
// the LBs 0, 1 and so on, and begin again where there are more LBs.
func First(orders ...[]int) Ties {
	return func(lb int, least []bool, chance []float64) {
		clear(chance)
		for _, j := range orders[lb%len(orders)] {
			if least[j] {
				chance[j] = 1
				return
			}
		}
	}
}
