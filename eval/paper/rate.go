package paper

import (
	"slices"
	"strconv"
)

// Rate returns the traffic rate of a column of a table by rates, in queries/s. ok is false
// of the columns of other tables.
func (c Column) Rate() (rate float64, ok bool) {
	rate, err := strconv.ParseFloat(c.Key, 64)
	return rate, err == nil
}

// ByRate says whether the table's columns are traffic rates, in ascending order.
func (t Table) ByRate() bool {
	return !slices.ContainsFunc(t.Columns, func(c Column) bool {
		_, ok := c.Rate()
		return !ok
	})
}

// overloadFactor is how many times its mean at the least rate SED's must be for a rate to
// be called overload.
const overloadFactor = 3

// Overload returns the first column of a table by rates from which on the paper's servers
// were overloaded: SED's published mean is more than three times that at the least rate. It
// is the number of columns where there is none.
func (t Table) Overload() int {
	sed := slices.IndexFunc(t.Rows, func(r Row) bool { return r.MethodID == Baseline })
	if sed < 0 || !t.ByRate() {
		return len(t.Columns)
	}
	least, _, _ := t.Published(sed, 0)
	first := len(t.Columns)
	for j := len(t.Columns) - 1; j > 0; j-- {
		if mean, _, ok := t.Published(sed, j); !ok || mean <= overloadFactor*least {
			break
		}
		first = j
	}
	return first
}
