package testbed

import (
	"errors"
	"fmt"
	"math"
)

// ErrReading reports a reading that no plane may publish: slices that do not fit
// together, or observations and loads that are not finite.
var ErrReading = errors.New("testbed: the data plane's reading is not valid")

// Row writes the row of observations of a slot to dst; zeros for a slot that the reading
// does not have, such as -1.
func (r *Reading) Row(dst []float32, slot int) {
	if slot < 0 || (slot+1)*len(dst) > len(r.Obs) {
		clear(dst)
		return
	}
	copy(dst, r.Obs[slot*len(dst):])
}

// LoadOf returns the load of a slot; 0 for a slot that the reading does not have, and
// for a load that is negative or not finite.
func (r *Reading) LoadOf(slot int) float64 {
	if slot < 0 || slot >= len(r.Load) || !(r.Load[slot] >= 0 && r.Load[slot] <= math.MaxFloat64) {
		return 0
	}
	return r.Load[slot]
}

// Check reports a reading that cannot be acted on.
func (r *Reading) Check(features int) error {
	if len(r.Obs) != features*len(r.Servers) || len(r.Load) != len(r.Servers) {
		return fmt.Errorf("%w: %d observations and %d loads of %d servers", ErrReading, len(r.Obs), len(r.Load), len(r.Servers))
	}
	for k, v := range r.Obs {
		if v-v != 0 {
			return fmt.Errorf("%w: feature %d of slot %d is %g", ErrReading, k%features, k/features, v)
		}
	}
	return nil
}
