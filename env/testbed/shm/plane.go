package shm

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"fairlb/env/testbed"
)

var _ testbed.Plane = (*Plane)(nil)

// Plane is a data plane whose region is in a file. When the file is removed or replaced,
// or cut short, Read, Write or Beat fails once with testbed.ErrPlaneGone; the next call
// opens what is there by then.
//
// The first Write or Beat takes the part of what steers the plane, which one process at
// a time has; a Plane that is only read can be read by any number.
type Plane struct {
	path  string
	clock Clock
	side  agentSide // nil while the region is gone
	taken bool      // this process has the part of what steers the plane

	sequence, epoch uint64        // that were read last
	first           time.Duration // when they were first read
}

// agentSide is what one that steers a plane does with its region, in one of the layouts.
type agentSide interface {
	mapped() *region
	// sharesClock says whether the times that the plane publishes are of this machine's
	// monotonic clock.
	sharesClock() bool
	// read takes in what the plane has published, or returns testbed.ErrNoReading or
	// another error.
	read() error
	// fill sets all of a reading but its age, to what was read last.
	fill(r *testbed.Reading)
	// take takes the part of what steers the plane, once.
	take(now time.Duration)
	// write writes weights for the servers that were read last.
	write(now time.Duration, weights []float64) error
	beat(now time.Duration)
}

// Open opens the region in a file, of layout v2 or v1, whichever it has. It fails with
// testbed.ErrPlaneGone if there is no such file, and with ErrNotRegion if it is something
// else.
func Open(path string) (*Plane, error) {
	clock, err := NewClock()
	if err != nil {
		return nil, err
	}
	p := &Plane{path: path, clock: clock}
	if err := p.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// open maps the region if it is not mapped.
func (p *Plane) open() error {
	if p.side != nil {
		return nil
	}
	r, err := openRegion(p.path)
	if err != nil {
		return err
	}
	side, err := newAgentSide(r)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", p.path, err), r.close())
	}
	p.side, p.taken = side, false
	return nil
}

// newAgentSide finds out a region's layout.
func newAgentSide(r *region) (side agentSide, err error) {
	defer r.recoverFault(debug.SetPanicOnFault(true), &err)
	if isRegion1(r.data) && word(r.data, magicWord) != magic {
		return newAgentSide1(r), nil
	}
	l, err := decodeHeader(r.data, int64(len(r.data)))
	if err != nil {
		return nil, err
	}
	return newAgentSide2(l, r), nil
}

// access calls f with the region, and closes it if it turns out to be gone.
func (p *Plane) access(f func() error) error {
	if err := p.open(); err != nil {
		return err
	}
	err := p.side.mapped().check()
	if err == nil {
		err = guarded(p.side.mapped(), f)
	}
	if errors.Is(err, testbed.ErrPlaneGone) {
		return errors.Join(err, p.Close())
	}
	return err
}

// guarded calls f, and returns testbed.ErrPlaneGone if that meets a region cut short.
func guarded(r *region, f func() error) (err error) {
	defer r.recoverFault(debug.SetPanicOnFault(true), &err)
	return f()
}

// Read implements testbed.Plane.
func (p *Plane) Read(r *testbed.Reading) error {
	if err := p.access(func() error { return p.side.read() }); err != nil {
		return err
	}
	p.side.fill(r)
	now := p.clock.Now()
	if r.Sequence != p.sequence || r.Epoch != p.epoch {
		p.sequence, p.epoch, p.first = r.Sequence, r.Epoch, now
	}
	r.Age = now - r.Time
	if r.Age < 0 || !p.side.sharesClock() {
		r.Age = now - p.first
	}
	return nil
}

// Write implements testbed.Plane.
func (p *Plane) Write(weights []float64) error {
	return p.access(func() error {
		if err := p.take(); err != nil {
			return err
		}
		return p.side.write(p.clock.Now(), weights)
	})
}

// Beat implements testbed.Plane.
func (p *Plane) Beat() error {
	return p.access(func() error {
		if err := p.take(); err != nil {
			return err
		}
		p.side.beat(p.clock.Now())
		return nil
	})
}

// take takes the part of what steers the plane.
func (p *Plane) take() error {
	if p.taken {
		return nil
	}
	if err := p.side.mapped().lock(agentPart); err != nil {
		return err
	}
	p.side.take(p.clock.Now())
	p.taken = true
	return nil
}

// Close implements testbed.Plane.
func (p *Plane) Close() error {
	if p.side == nil {
		return nil
	}
	r := p.side.mapped()
	p.side = nil
	return r.close()
}
