package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"hash/fnv"

	"fairlb/env"
	"fairlb/env/snapshot"
)

var _ env.Saver = (*Env)(nil)

// Save implements env.Saver. It fails where the source of requests or a rule
// of dispatch cannot be saved.
func (e *Env) Save() ([]byte, error) {
	if e.taken < 0 {
		return nil, env.ErrNotReset
	}
	c := snapshot.Writer()
	if err := e.state(c); err != nil {
		return nil, err
	}
	data := c.Bytes()
	return binary.LittleEndian.AppendUint64(data, crc64.Checksum(data, crc64.MakeTable(crc64.ECMA))), nil
}

// Restore implements env.Saver. After an error there is no episode.
func (e *Env) Restore(ctx context.Context, data []byte) (env.Step, error) {
	fail := func(err error) (env.Step, error) {
		e.taken = -1
		return env.Step{}, fmt.Errorf("sim: restore: %w", err)
	}
	body := data[:max(0, len(data)-8)]
	if len(data) < 8 || binary.LittleEndian.Uint64(data[len(body):]) != crc64.Checksum(body, crc64.MakeTable(crc64.ECMA)) {
		return fail(fmt.Errorf("%w: its checksum is wrong", snapshot.ErrDamaged))
	}
	c := snapshot.Reader(body)
	var seed uint64
	if c.Uint64(&seed); c.Err() != nil {
		return fail(c.Err())
	}
	if _, err := e.Reset(ctx, seed); err != nil {
		return fail(err)
	}
	c = snapshot.Reader(body)
	if err := e.state(c); err != nil {
		return fail(err)
	}
	e.step.Time = e.engine.now
	e.step.Truncated = e.taken == e.spec.Steps
	e.step.Interval = e.engine.interval
	e.step.Flows = e.ended()
	if e.cfg.Observe && e.taken > 0 {
		e.report()
	}
	return e.step, nil
}

// state walks over the environment's state.
func (e *Env) state(c *snapshot.Codec) error {
	c.Uint64(&e.engine.seed)
	want := e.cfg.fingerprint()
	got := want
	if c.Uint64(&got); got != want {
		c.Fail("its configuration differs")
		return c.Err()
	}
	snapshot.Int(c, &e.taken)
	e.engine.state(c)
	for i, rule := range e.engine.rules {
		if s, ok := rule.(snapshot.Stater); ok {
			s.State(c)
		}
		if c.Reading() {
			e.engine.views[i].Changed = nil // the rule looks at all again
		}
	}
	source, ok := e.engine.source.(snapshot.Stater)
	if !ok {
		return fmt.Errorf("sim: a workload of type %T: %w", e.engine.source, env.ErrUnsupported)
	}
	source.State(c)
	c.End()
	return c.Err()
}

// fingerprint tells configurations apart by everything but the workload's
// source and what listens.
func (c *Config) fingerprint() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, c.Servers, c.LBs, c.CPU, c.Workers, c.Backlog, c.LatencyLow, c.LatencyHigh, c.Timeout, c.Changes, c.Random,
		c.Detection, c.Shares, c.Classes, c.Duration, c.StepInterval, c.Heuristic, c.Weights, c.MaxLogWeight, c.Observe, c.SampleInterval)
	if c.Flows {
		fmt.Fprint(h, "flows")
	}
	return h.Sum64()
}

// state walks over the engine's state. What follows from the configuration and
// the seed is there already.
func (e *engine) state(c *snapshot.Codec) {
	number := func(x *float64) { c.Float64(x) }
	c.Float64(&e.now)
	c.Float64(&e.next.Time)
	snapshot.Int(c, &e.next.Class)
	snapshot.Int(c, &e.next.LB)
	snapshot.Slice(c, &e.next.Demand, number)
	snapshot.Int(c, &e.change)
	c.Float64(&e.sample)
	snapshot.Int(c, &e.flight)
	snapshot.Int(c, &e.events)
	snapshot.Int(c, &e.sent)
	snapshot.Int(c, &e.interval.Arrived)
	snapshot.Int(c, &e.interval.Completed)
	snapshot.Int(c, &e.interval.Failed)
	c.Float64(&e.interval.CompletionSum)

	if e.cfg.Flows {
		snapshot.Slice(c, &e.starts, func(x *start) {
			snapshot.Int(c, &x.step)
			snapshot.Int(c, &x.ongoing)
		})
		snapshot.Slice(c, &e.flows, func(f *env.Flow) { walkFlow(c, f) })
	}

	snapshot.Fixed(c, e.stations, func(s *station) { s.state(c) })
	e.packets.state(c)
	e.replies.state(c)
	snapshot.Slice(c, &e.requests, func(x *request) { x.walk(c) })
	snapshot.Slice(c, &e.demands, number)
	snapshot.Slice(c, &e.free, func(x *uint32) { snapshot.Int(c, x) })
	snapshot.Fixed(c, e.held, func(x *int32) { snapshot.Int(c, x) })
	e.pool.state(c)
	e.reports.state(c)
	for k := range e.latency {
		c.PCG(e.latency[k].pcg)
	}
	for i := range e.views {
		snapshot.Fixed(c, e.views[i].Ongoing, func(x *int32) { snapshot.Int(c, x) })
		c.PCG(e.draws[i].pcg)
		if e.cfg.Observe {
			c.PCG(e.looks[i].pcg)
			e.observer[i].State(c)
			for j := range e.ongoing[i] {
				snapshot.Slice(c, &e.ongoing[i][j], func(x *uint32) { snapshot.Int(c, x) })
			}
		}
	}
	if c.Reading() {
		for k := range e.stations {
			e.schedule(k)
		}
		e.lookAside()
	}
}

func (s *station) state(c *snapshot.Codec) {
	for _, x := range []*float64{&s.v, &s.t, &s.rate, &s.work, &s.speed, &s.procs, &s.extra, &s.usage, &s.used} {
		c.Float64(x)
	}
	snapshot.Int(c, &s.limit)
	snapshot.Int(c, &s.order)
	s.busy.state(c)
	for n := c.Len(s.queue.n); c.Reading() && s.queue.n < n; {
		s.queue.push(0)
	}
	for i := range s.queue.n {
		snapshot.Int(c, &s.queue.buf[(s.queue.head+i)&(len(s.queue.buf)-1)])
	}
}

func (a *agenda) state(c *snapshot.Codec) {
	c.Bool(&a.many)
	snapshot.Slice(c, &a.list, func(x *entry) {
		c.Float64(&x.time)
		snapshot.Int(c, &x.order)
		snapshot.Int(c, &x.id)
	})
}

func (x *request) walk(c *snapshot.Codec) {
	c.Float64(&x.arrival)
	snapshot.Int(c, &x.place)
	snapshot.Int(c, &x.lb)
	snapshot.Int(c, &x.server)
	snapshot.Int(c, &x.class)
	snapshot.Int(c, &x.stage)
	snapshot.Int(c, &x.state)
}

func walkFlow(c *snapshot.Codec, f *env.Flow) {
	for _, x := range []*int{&f.LB, &f.Server, &f.Step, &f.Ongoing} {
		snapshot.Int(c, x)
	}
	c.Float64(&f.Completion)
	c.Bool(&f.Failed)
}

func (p *pool) state(c *snapshot.Codec) {
	for _, list := range [][]bool{p.failed, p.drained, p.out, p.downLB} {
		snapshot.Fixed(c, list, func(x *bool) { c.Bool(x) })
	}
	snapshot.Int(c, &p.outs)
	snapshot.Int(c, &p.down)
	c.PCG(p.rng.pcg)
}

func (r *reports) state(c *snapshot.Codec) {
	c.Bool(&r.on)
	snapshot.Fixed(c, r.completed, func(x *int32) { snapshot.Int(c, x) })
	snapshot.Fixed(c, r.present, func(x *int32) { snapshot.Int(c, x) })
	snapshot.Fixed(c, r.oldest, func(x *int) { snapshot.Int(c, x) })
	each := func(x *latency) {
		c.Float64(&x.seconds)
		snapshot.Int(c, &x.inFlight)
	}
	snapshot.Fixed(c, r.history, func(h *[]latency) { snapshot.Slice(c, h, each) })
	snapshot.Slice(c, &r.begun, each)
}
