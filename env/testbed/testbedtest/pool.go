package testbedtest

import (
	"context"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"fairlb/env"
	"fairlb/env/balancer"
	"fairlb/env/dispatch"
	"fairlb/env/testbed"
)

// PoolConfig describes a Pool.
type PoolConfig struct {
	LBs   int
	Speed []float64 // 1/s, the flows of mean demand that each server gets through; they are named s0, s1, ...
	Spare int       // slots that have no server at first
	Rate  float64   // 1/s, of flows of all LBs together, Poisson; demands are exponential
	// NoCountSum says that planes do not know Server.CountSum.
	NoCountSum bool
}

// Pool is load balancers that share servers, each of which is shared equally by the
// flows that it has. It runs as its clock does: whoever reads a plane sees what has
// happened by then. It may be used by several goroutines.
type Pool struct {
	mu      sync.Mutex
	cfg     PoolConfig
	clock   *Clock
	zero    time.Time
	now     float64 // s since zero
	arrival float64 // s, of the next flow
	rng     *rand.Rand
	servers []server // by slot
	planes  []*Plane
}

// server is one server of a pool.
type server struct {
	name    string
	speed   float64
	failing bool
	flows   []flow
}

// flow is a flow at a server.
type flow struct {
	lb    int
	id    balancer.FlowID
	begun float64
	left  float64 // of its demand
}

// NewPool returns a pool under the clock. Its traffic is that of seed 0.
func NewPool(cfg PoolConfig, clock *Clock) *Pool {
	p := &Pool{cfg: cfg, clock: clock}
	slots := len(cfg.Speed) + cfg.Spare
	for i := range cfg.LBs {
		weights := make([]float64, slots)
		for j := range weights {
			weights[j] = 1
		}
		rule, err := dispatch.NewShortestDelay(weights, dispatch.Options{Capacity: weights, LB: i, LBs: cfg.LBs})
		if err != nil {
			panic(err)
		}
		p.planes = append(p.planes, &Plane{pool: p, lb: i, balancer: balancer.New(balancer.Config{Servers: slots, Rule: rule, Observe: true})})
	}
	p.Begin(context.Background(), 0)
	return p
}

// Planes returns the planes of the pool's load balancers.
func (p *Pool) Planes() []testbed.Plane {
	var list []testbed.Plane
	for _, x := range p.planes {
		list = append(list, x)
	}
	return list
}

// Plane returns the plane of one load balancer.
func (p *Pool) Plane(lb int) *Plane { return p.planes[lb] }

// Begin begins anew with the traffic of a seed, as testbed.Config.Begin wants it.
func (p *Pool) Begin(_ context.Context, seed uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.zero, p.now = p.clock.Now(), 0
	p.rng = rand.New(env.Stream(seed, "testbedtest/traffic"))
	p.arrival = p.rng.ExpFloat64() / p.cfg.Rate
	p.servers = make([]server, len(p.cfg.Speed)+p.cfg.Spare)
	for j, speed := range p.cfg.Speed {
		p.servers[j] = server{name: "s" + strconv.Itoa(j), speed: speed}
	}
	for i, x := range p.planes {
		x.balancer.Reset(env.Stream(seed, "dispatch/"+strconv.Itoa(i)), env.Stream(seed, "observe/"+strconv.Itoa(i)))
		x.forget()
	}
	return nil
}

// SetSpeed changes the speed of the server in a slot.
func (p *Pool) SetSpeed(slot int, speed float64) {
	p.change(func() { p.servers[slot].speed = speed })
}

// SetRate changes the rate of flows.
func (p *Pool) SetRate(rate float64) {
	p.change(func() {
		p.cfg.Rate = rate
		p.arrival = p.now + p.rng.ExpFloat64()/rate
	})
}

// SetFailing says whether the server in a slot fails every new flow at once.
func (p *Pool) SetFailing(slot int, failing bool) {
	p.change(func() { p.servers[slot].failing = failing })
}

// Join puts a server into a slot that has none.
func (p *Pool) Join(slot int, name string, speed float64) {
	p.change(func() {
		p.servers[slot] = server{name: name, speed: speed}
		for _, x := range p.planes {
			x.counters[slot] = testbed.Server{}
			x.balancer.SetOut(slot, false)
		}
	})
}

// Leave takes the server out of a slot. Its flows fail.
func (p *Pool) Leave(slot int) {
	p.change(func() {
		for len(p.servers[slot].flows) > 0 {
			p.end(slot, 0, true)
		}
		p.servers[slot] = server{}
		for _, x := range p.planes {
			x.balancer.SetOut(slot, true)
		}
	})
}

// change changes something at the present moment.
func (p *Pool) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance()
	f()
}

// advance lets happen what has by the clock's time. The mutex is held.
func (p *Pool) advance() {
	until := p.clock.Now().Sub(p.zero).Seconds()
	for {
		at, slot, k := p.nextCompletion()
		next := min(at, p.arrival)
		if next > until {
			p.pass(until)
			return
		}
		p.pass(next)
		if at <= p.arrival {
			p.end(slot, k, false)
		} else {
			p.arrive()
		}
	}
}

// nextCompletion finds the flow that ends first.
func (p *Pool) nextCompletion() (at float64, slot, k int) {
	at = math.Inf(1)
	for j := range p.servers {
		s := &p.servers[j]
		for f := range s.flows {
			if t := p.now + s.flows[f].left*float64(len(s.flows))/s.speed; t < at {
				at, slot, k = t, j, f
			}
		}
	}
	return at, slot, k
}

// pass lets the servers work until the time (s).
func (p *Pool) pass(until float64) {
	for j := range p.servers {
		s := &p.servers[j]
		for f := range s.flows {
			s.flows[f].left -= (until - p.now) * s.speed / float64(len(s.flows))
		}
	}
	p.now = until
}

// arrive lets a flow arrive at one of the LBs.
func (p *Pool) arrive() {
	p.arrival = p.now + p.rng.ExpFloat64()/p.cfg.Rate
	lb, demand := p.rng.IntN(p.cfg.LBs), p.rng.ExpFloat64()
	x := p.planes[lb]
	if x.balancer.Available() == 0 {
		return
	}
	id, slot := x.balancer.Dispatch(p.now)
	x.counters[slot].Dispatched++
	p.servers[slot].flows = append(p.servers[slot].flows, flow{lb: lb, id: id, begun: p.now, left: demand})
	if p.servers[slot].failing {
		p.end(slot, len(p.servers[slot].flows)-1, true)
	}
}

// end ends a flow.
func (p *Pool) end(slot, k int, failed bool) {
	s := &p.servers[slot]
	f := s.flows[k]
	s.flows = append(s.flows[:k], s.flows[k+1:]...)
	x := p.planes[f.lb]
	c := &x.counters[slot]
	if failed {
		c.Failed++
	} else {
		c.Completed++
		c.DurationSum += p.now - f.begun
		if !p.cfg.NoCountSum {
			c.CountSum += float64(x.balancer.Ongoing()[slot])
		}
	}
	x.balancer.End(p.now, f.id, failed)
}
