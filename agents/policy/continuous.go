package policy

import (
	"math/rand/v2"

	"fairlb/agents/nn"
)

// DecideContinuous returns a Policy's Decide of actions that a plan computes:
// the first len(u) values of the node action, after standard normal noise has
// been drawn into the node noise, which is nil for a policy without noise.
func DecideContinuous(plan *nn.Plan, action, noise *nn.Node) func(u []float64, rng *rand.Rand) {
	return func(u []float64, rng *rand.Rand) {
		if noise != nil {
			DrawNormal(noise.Data(), rng)
		}
		plan.Run()
		for j := range u {
			u[j] = float64(action.Data()[j])
		}
	}
}

// DrawNormal fills dst with draws of the standard normal distribution.
func DrawNormal(dst []float32, rng *rand.Rand) {
	for i := range dst {
		dst[i] = float32(rng.NormFloat64())
	}
}
