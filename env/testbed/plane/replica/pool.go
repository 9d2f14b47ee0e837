package replica

import (
	"fmt"

	"fairlb/env/dispatch"
)

// WeightsRule is the name of the rule that chooses by an agent's weights.
const WeightsRule = "weights"

// Pool is the servers of a load balancer and how it chooses among them. Nobody changes it
// once it was given to New or SetPool.
type Pool struct {
	// Slots has the slot of each server. A slot of a server that has left may be another
	// one's once no flow to the former is under way and every Replica knows that it left.
	Slots []uint32
	// Limits has the flows that each server may have at once, 0 where there is no limit.
	// Loops that decide at the same moment may exceed it, by one flow each at most.
	Limits []int32
	// Rule is a heuristic by the name that dispatch.New knows, one that reads neither
	// View.Reports nor View.Global, or WeightsRule.
	Rule string
	// Options describes servers and balancer to the rule; Capacity is by index. Told says
	// that Hear is called.
	Options dispatch.Options
	// Fallback is the heuristic that decides under WeightsRule until Steer says that
	// the weights do.
	Fallback string

	version uint64 // rises with every SetPool
}

// newRule returns the pool's rule.
func (p *Pool) newRule() (dispatch.Rule, error) {
	if p.Rule != WeightsRule {
		return dispatch.New(p.Rule, p.Options)
	}
	return newSteered(p.Fallback, p.Options)
}

// check reports a pool that no balancer can have.
func (p *Pool) check() error {
	if n := len(p.Options.Capacity); n == 0 || n != len(p.Slots) || n != len(p.Limits) {
		return fmt.Errorf("replica: a pool of %d servers, %d slots and %d limits", n, len(p.Slots), len(p.Limits))
	}
	_, err := p.newRule()
	return err
}
