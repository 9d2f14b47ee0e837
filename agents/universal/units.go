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
	{1, 2},      // order*share
	{0.6, 1.5},  // division
	{1.5, 3},    // division*share
	{0.6, 1.5},  // division*load
	{0.8, 2},    // division*servers
	{1, 1.5},    // known
}

// carriedUnits are those of the features that universal-carried has besides.
var carriedUnits = [][2]float64{
	{0.8, 1.1}, // total
	{1.5, 2},   // total*known
	{0.8, 1.3}, // popular
	{1.1, 1.4}, // popular*load
	{2, 2},     // popular*share
}

// The units of the coefficients of the pool's features: of every server's offset, of other
// LBs' requests and of ages.
const poolUnit, othersUnit, ageUnit = 1.2, 1.3, 2

// unitsOf returns the units of the coefficients of a rule, in the order of dispatch.NewPolicy.
// Those of universal-carried that universal has too have the unit 0: they stay what they were.
func unitsOf(carried bool) []float64 {
	table, pool := units, []float64{poolUnit}
	if carried {
		table = append(make([][2]float64, len(units)), carriedUnits...)
		pool = []float64{0, othersUnit, ageUnit}
	}
	var list []float64
	for column := range 2 {
		for _, row := range table {
			list = append(list, row[column])
		}
	}
	for _, unit := range pool {
		for range dispatch.PoolFeatures() {
			list = append(list, unit)
		}
	}
	return list
}
