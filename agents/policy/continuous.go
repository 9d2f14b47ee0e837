package policy

import "fairlb/agents/nn"

// DecideContinuous returns a Policy's Decide of actions that a plan computes:
// the first len(u) values of the node action, after standard normal noise has
// been drawn into the node noise, which is nil for a policy without noise.
func DecideContinuous(plan *nn.Plan, action, noise *nn.Node) func(u []float64, n *Noise) {
	return func(u []float64, n *Noise) {
		if noise != nil {
			n.normal(noise.Data())
		}
		plan.Run()
		for j := range u {
			u[j] = float64(action.Data()[j])
		}
	}
}
