package env

import (
	"fmt"
	"math"
)

// CheckActions reports, wrapping ErrAction, the first fault of actions: a
// wrong shape, or a weight that is not finite or outside [Low, High].
func (s *Spec) CheckActions(actions [][]float64) error {
	if len(actions) != s.Agents {
		return fmt.Errorf("%w: %d rows for %d agents", ErrAction, len(actions), s.Agents)
	}
	for i, row := range actions {
		if len(row) != s.Servers {
			return fmt.Errorf("%w: agent %d gives %d weights for %d servers", ErrAction, i, len(row), s.Servers)
		}
		for j, w := range row {
			// Written so that NaN fails it.
			if !(w >= s.Action.Low && w <= s.Action.High) || math.IsInf(w, 0) {
				return fmt.Errorf("%w: agent %d, server %d: weight %g is outside [%g, %g]",
					ErrAction, i, j, w, s.Action.Low, s.Action.High)
			}
		}
	}
	return nil
}
