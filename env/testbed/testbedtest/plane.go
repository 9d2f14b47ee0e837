package testbedtest

import (
	"fmt"
	"slices"
	"time"

	"fairlb/env/balancer"
	"fairlb/env/observe"
	"fairlb/env/testbed"
)

var _ testbed.Plane = (*Plane)(nil)

// Plane is the plane of one load balancer of a Pool.
type Plane struct {
	pool     *Pool
	lb       int
	balancer *balancer.Balancer
	counters []testbed.Server // by slot, without name and Ongoing

	last    testbed.Reading // as published
	lastAt  time.Time
	frozen  bool
	gone    bool
	silent  bool
	fault   error // that Write fails with
	spoil   func(*testbed.Reading)
	writes  [][]float64
	beats   int
	closed  int
	weights []float64
}

// forget empties the plane, which has restarted. The mutex is held.
func (x *Plane) forget() {
	x.counters = make([]testbed.Server, len(x.pool.servers))
	for j := range x.pool.servers {
		x.balancer.SetOut(j, x.pool.servers[j].name == "")
	}
	x.last = testbed.Reading{Epoch: x.last.Epoch + 1}
}

// Read implements testbed.Plane.
func (x *Plane) Read(r *testbed.Reading) error {
	p := x.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case x.gone:
		return testbed.ErrPlaneGone
	case x.silent:
		return testbed.ErrNoReading
	}
	now := p.clock.Now()
	if !x.frozen && (x.last.Sequence == 0 || !now.Equal(x.lastAt)) {
		p.advance()
		x.publish(now)
	}
	r.Sequence, r.Epoch, r.Time, r.Age = x.last.Sequence, x.last.Epoch, x.last.Time, now.Sub(x.lastAt)
	r.Servers, r.Obs, r.Load = append(r.Servers[:0], x.last.Servers...), append(r.Obs[:0], x.last.Obs...), append(r.Load[:0], x.last.Load...)
	if x.spoil != nil {
		x.spoil(r)
	}
	return nil
}

// publish publishes the present state. The pool's mutex is held.
func (x *Plane) publish(now time.Time) {
	p, r := x.pool, &x.last
	r.Sequence++
	r.Time, x.lastAt = now.Sub(p.zero), now
	slots, features := len(p.servers), len(observe.Features())
	r.Servers = slices.Grow(r.Servers[:0], slots)[:slots]
	r.Obs, r.Load = slices.Grow(r.Obs[:0], slots*features)[:slots*features], slices.Grow(r.Load[:0], slots)[:slots]
	x.balancer.Observe(p.now, r.Obs, r.Load)
	for j := range p.servers {
		r.Servers[j] = testbed.Server{}
		if p.servers[j].name == "" {
			clear(r.Obs[j*features : (j+1)*features])
			r.Load[j] = 0
			continue
		}
		r.Servers[j] = x.counters[j]
		r.Servers[j].Name, r.Servers[j].In, r.Servers[j].Ongoing = p.servers[j].name, true, x.balancer.Ongoing()[j]
	}
}

// Write implements testbed.Plane.
func (x *Plane) Write(weights []float64) error {
	p := x.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case x.gone:
		return testbed.ErrPlaneGone
	case x.fault != nil:
		return x.fault
	}
	mean := 0.0
	for _, w := range weights {
		mean += w / float64(len(weights))
	}
	all := slices.Clone(weights)
	for j := range p.servers {
		if j >= len(all) {
			all = append(all, mean)
		}
	}
	p.advance()
	if err := x.balancer.SetWeights(all[:len(p.servers)]); err != nil {
		return fmt.Errorf("testbedtest: %w", err)
	}
	x.writes = append(x.writes, slices.Clone(weights))
	x.weights = all
	return nil
}

// Beat implements testbed.Plane.
func (x *Plane) Beat() error {
	x.pool.mu.Lock()
	defer x.pool.mu.Unlock()
	if x.gone {
		return testbed.ErrPlaneGone
	}
	x.beats++
	return nil
}

// Close implements testbed.Plane.
func (x *Plane) Close() error {
	x.pool.mu.Lock()
	defer x.pool.mu.Unlock()
	x.closed++
	return nil
}

// Freeze makes the plane publish nothing, or publish again.
func (x *Plane) Freeze(frozen bool) { x.set(func() { x.frozen = frozen }) }

// SetGone makes the plane go away or come back.
func (x *Plane) SetGone(gone bool) { x.set(func() { x.gone = gone }) }

// SetSilent makes the plane one that has published nothing yet.
func (x *Plane) SetSilent(silent bool) { x.set(func() { x.silent = silent }) }

// FailWrites makes every Write fail; nil: none.
func (x *Plane) FailWrites(err error) { x.set(func() { x.fault = err }) }

// Spoil lets f change every reading, as a corrupt region would; nil: none.
func (x *Plane) Spoil(f func(*testbed.Reading)) { x.set(func() { x.spoil = f }) }

// Restart makes the plane forget its counters.
func (x *Plane) Restart() {
	x.set(func() {
		x.counters = make([]testbed.Server, len(x.pool.servers))
		x.last.Epoch++
	})
}

// Writes returns all weights that were written.
func (x *Plane) Writes() [][]float64 {
	x.pool.mu.Lock()
	defer x.pool.mu.Unlock()
	return slices.Clone(x.writes)
}

// Beats returns the number of signs of life.
func (x *Plane) Beats() int {
	x.pool.mu.Lock()
	defer x.pool.mu.Unlock()
	return x.beats
}

// Closed returns how often the plane was closed.
func (x *Plane) Closed() int {
	x.pool.mu.Lock()
	defer x.pool.mu.Unlock()
	return x.closed
}

func (x *Plane) set(f func()) { x.pool.change(f) }
