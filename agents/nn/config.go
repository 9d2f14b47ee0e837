package nn

import (
	"errors"
	"fmt"
	"math"
)

// ErrConfig reports a setting that breaks its rule.
var ErrConfig = errors.New("nn: invalid setting")

// faults collects the settings that break their rules.
type faults []error

// check adds a fault that names field, value and rule, unless ok.
func (f *faults) check(ok bool, field string, value any, rule string) {
	if !ok {
		*f = append(*f, fmt.Errorf("%w: %s = %v: %s", ErrConfig, field, value, rule))
	}
}

// err joins the faults; nil if there are none.
func (f faults) err() error { return errors.Join(f...) }

// orDefault returns v, or def where v is 0.
func orDefault(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return v
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 1) }
