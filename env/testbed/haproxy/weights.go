package haproxy

import (
	"fmt"
	"math"
)

// scaleOf returns the largest weight that is written under a way to balance, where the
// settings name none.
//
// Under roundrobin a server's share follows from its weight alone, and 256, the most that
// HAProxy takes, rounds least. Under random a unit of weight is 16 nodes of a hash ring,
// which have to be made and found, so 64 must do. Under leastconn HAProxy compares the
// whole part of 256 (q + 1) / weight, q the flows that a busy server has: were the largest
// weight 256, a server of weight 200 with one flow would be 2 as one of 256 is, and
// rounding the keys would lose what rounding the weights has kept. At 32 the least key of
// a busy server is 16, so that neither is wrong by more than a few percent.
func scaleOf(balance string) int {
	switch balance {
	case balanceLeastConn:
		return 32
	case balanceRandom:
		return 64
	}
	return maxWeight
}

// quantise fills dst with the weights that are written for those that are wanted: the
// largest becomes scale and the others keep their ratios to it as well as whole numbers
// do. A slot that is not in gets 0; one that is gets at least 1, since 0 would keep all
// flows from it. So a weight of at least 1/scale of the largest is wrong by at most half
// a unit, 1 / (2 scale) of the largest.
func quantise(dst []int, weights []float64, in []bool, scale int) {
	largest := 0.0
	for j, w := range weights {
		if in[j] {
			largest = max(largest, w)
		}
	}
	for j, w := range weights {
		dst[j] = 0
		if in[j] {
			dst[j] = max(1, int(math.Round(w/largest*float64(scale))))
		}
	}
}

// checkWeights says what is wrong with weights that are to be written.
func checkWeights(weights []float64, in func(slot int) bool) error {
	for j, w := range weights {
		if in(j) && !(w > 0 && !math.IsInf(w, 0)) {
			return fmt.Errorf("%w: that of slot %d is %g: must be positive and finite", ErrWeights, j, w)
		}
	}
	return nil
}
