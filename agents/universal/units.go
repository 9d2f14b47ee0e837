package universal

import "fairlb/env/dispatch"

// units are by how much a coefficient is changed where the learner changes it by 1: that of
// a server's weight and that of its offset, in the order of dispatch.ServerFeatures. A
// coefficient moves completion times far more than another; in these units they matter about
// alike. They follow from how much the completion times on random pools (150001 to 150096) grow when
// one of them alone is 0.4 above or below 0.
var units = [][2]float64{
	{0.6, 1},    // capacity
	{1.5, 1.5},  // capacity*known
	{0.5, 0.5},  // capacity*load
	{1.5, 1.5},  // capacity*share
	{0.6, 0.8},  // posterior
	{0.5, 0.6},  // posterior*load
	{1.5, 1.5},  // trend
	{0.35, 0.5}, // told
	{0.8, 0.8},  // told*doubt
	{0.4, 0.5},  // told*load
	{0.8, 1},    // explained
	{1.5, 2},    // explained*doubt
	{0.6, 0.7},  // explained*load
	{1.5, 2},    // explained*share
	{0.4, 0.8},  // order
	{0.6, 1.5},  // level
	{1, 1.5},    // known
}

// poolUnit is that of the coefficients of every server's offset.
const poolUnit = 1.2

// unit returns the unit of a coefficient by its place in dispatch.NewPolicy.
func unit(k int) float64 {
	switch n := len(dispatch.ServerFeatures()); {
	case k < n:
		return units[k][0]
	case k < 2*n:
		return units[k-n][1]
	}
	return poolUnit
}
