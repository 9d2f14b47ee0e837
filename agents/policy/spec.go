package policy

import (
	"fmt"
	"math"

	"fairlb/env"
)

// CheckSpec reports an environment without LBs, servers or features, in which
// nothing can be learned; the error wraps kind.
func CheckSpec(kind error, spec env.Spec) error {
	if spec.Agents < 1 || spec.Servers < 1 || len(spec.Features) < 1 {
		return fmt.Errorf("%w: environment of %d agents, %d servers, %d features: each must be at least 1",
			kind, spec.Agents, spec.Servers, len(spec.Features))
	}
	return nil
}

// CheckLogWeights reports log-weights, from low to high, whose weights may leave
// the environment's bounds. The error wraps kind and names the setting that the
// log-weights come from, such as "box = 3".
func CheckLogWeights(kind error, spec env.Spec, setting string, low, high float64) error {
	if math.Exp(low) < spec.Action.Low || math.Exp(high) > spec.Action.High {
		return fmt.Errorf("%w: %s: log-weights in [%g, %g] give weights in [%.4g, %.4g]: must lie in the environment's [%g, %g]",
			kind, setting, low, high, math.Exp(low), math.Exp(high), spec.Action.Low, spec.Action.High)
	}
	return nil
}
