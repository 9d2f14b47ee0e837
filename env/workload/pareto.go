package workload

import (
	"fmt"
	"math"
)

// The bounds of the parameters of a truncated Pareto law. Within them its smallest
// demand is a float64 well above zero.
const (
	minShape    = 0.1
	maxShape    = 100
	maxOverMean = 1e6
)

// NewPareto returns the truncated (bounded) Pareto law: P(X > x) falls as
// x^-shape from the smallest demand L to the largest H, where it ends:
//
//	P(X > x) = ((L/x)^shape - (L/H)^shape) / (1 - (L/H)^shape),  L <= x <= H
//
// mean (s) is exactly that of the truncated law, max is H over the mean, and L
// follows from the two. shape is in [0.1, 100]; the tail is heavy below 2 (the
// untruncated variance is infinite) and heavier still below 1 (so is the
// mean). max is in (1, 1e6].
func NewPareto(mean, shape, max float64) (Law, error) {
	switch {
	case !(mean >= 0 && mean <= maxMean):
		return Law{}, fmt.Errorf("mean %g: must be in [0, %g]", mean, maxMean)
	case !(shape >= minShape && shape <= maxShape):
		return Law{}, fmt.Errorf("shape %g: must be in [%g, %g] for law pareto", shape, minShape, float64(maxShape))
	case !(max > 1 && max <= maxOverMean):
		return Law{}, fmt.Errorf("max %g: must be in (1, %g] for law pareto, the largest demand over the mean", max, maxOverMean)
	}
	// The mean over H falls from 1 to 0 as the log of H/L grows.
	low, high := 0.0, 700.0
	for range 200 {
		if mid := (low + high) / 2; paretoMean(shape, mid) > 1/max {
			low = mid
		} else {
			high = mid
		}
	}
	l := Law{kind: pareto, mean: mean, a: mean * max * math.Exp(-high), b: -1 / shape}
	l.share = -math.Expm1(-shape * high)
	return l, nil
}

// paretoMean is the mean over H of the Pareto law of the given shape a on
// [L, H], s = log(H/L): a x (1 - x^(a-1)) / ((a-1) (1 - x^a)) with x = L/H,
// whose limit at a = 1 is x s / (1 - x).
func paretoMean(a, s float64) float64 {
	between := s // (1 - x^(a-1)) / (a-1)
	if a != 1 {
		between = -math.Expm1(-(a-1)*s) / (a - 1)
	}
	return a * math.Exp(-s) * between / -math.Expm1(-a*s)
}
