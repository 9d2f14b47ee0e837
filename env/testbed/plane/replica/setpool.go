package replica

import (
	"fairlb/env"
	"fairlb/env/balancer"
)

// SetPool replaces the pool. It fails, and changes nothing, if no balancer can have it.
// Flows to servers that left end in peace. It is called on one replica alone, always the
// same.
func (r *Replica) SetPool(now float64, p *Pool) error {
	if err := p.check(); err != nil {
		return err
	}
	now = r.advance(now)
	p.version = r.pool.version + 1
	if err := r.changePool(p); err != nil {
		return err
	}
	r.newest.Store(p)
	r.publish(event{kind: poolChanged, time: now, pool: p})
	return nil
}

// catchPool takes over a pool that another replica has set, unless a newer one is known.
func (r *Replica) catchPool(p *Pool) {
	if p.version <= r.pool.version {
		return
	}
	if err := r.changePool(p); err != nil {
		panic("replica: a pool that was checked is not valid: " + err.Error())
	}
}

// changePool makes the balancer of a pool, which takes over what the former one knows.
func (r *Replica) changePool(p *Pool) error {
	rule, err := p.newRule()
	if err != nil {
		return err
	}
	cfg := balancer.Config{Servers: len(p.Slots), Rule: rule, Observe: r.observe, Limits: p.Limits, Told: p.Options.Told}
	if r.samples != nil {
		cfg.Samples = slotted{r.samples, p.Slots}
	}
	b := balancer.New(cfg)
	b.Reset(env.Stream(r.seed, "choices"), env.Stream(r.seed, "samples"))
	if r.balancer != nil {
		from := make([]int, len(p.Slots))
		for j, slot := range p.Slots {
			from[j] = -1
			if int(slot) < len(r.indexOf) {
				from[j] = int(r.indexOf[slot])
			}
		}
		b.Inherit(r.balancer, from)
		r.forgetFlows(b)
	}
	r.rule, _ = rule.(*steered)
	r.balancer, r.pool = b, p
	r.mapSlots()
	return nil
}

// forgetFlows forgets the flows that b has not.
func (r *Replica) forgetFlows(b *balancer.Balancer) {
	for _, list := range r.flows {
		for k, id := range list {
			if id != noFlow && !b.Has(id) {
				list[k] = noFlow
			}
		}
	}
}

// mapSlots brings up to date which server each slot has. A slot that gets another server
// than before begins with new counters.
func (r *Replica) mapSlots() {
	before := r.indexOf
	r.indexOf = nil
	for j, slot := range r.pool.Slots {
		for int(slot) >= len(r.indexOf) {
			r.indexOf = append(r.indexOf, -1)
		}
		for int(slot) >= len(r.totals) {
			r.totals = append(r.totals, Totals{})
		}
		if int(slot) >= len(before) || before[slot] < 0 {
			r.totals[slot] = Totals{}
		}
		r.indexOf[slot] = int32(j)
	}
	for len(r.indexOf) < len(before) {
		r.indexOf = append(r.indexOf, -1)
	}
}
