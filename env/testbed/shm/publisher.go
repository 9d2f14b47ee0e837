package shm

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"time"

	"fairlb/env/testbed"
)

// Layout is a layout of shared memory.
type Layout int

// The layouts.
const (
	V1 Layout = 1 // that of the published plugin
	V2 Layout = 2 // fairlb's own
)

// Config describes a region.
type Config struct {
	Layout Layout // 0: V2
	// Shape is the sizes, of which zeroes stand for 64 slots, 128 samples and level 4.
	// Layout v1 has 63 slots (its server 0 is none), and the others as said.
	Shape
}

// complete fills in what is zero.
func (c Config) complete() Config {
	if c.Layout == 0 {
		c.Layout = V2
	}
	for _, f := range []struct {
		value    *int
		standard int
	}{{&c.Slots, 64}, {&c.Samples, 128}, {&c.Level, 4}} {
		if *f.value == 0 {
			*f.value = f.standard
			if c.Layout == V1 && f.value == &c.Slots {
				*f.value = slots1
			}
		}
	}
	return c
}

// check returns all faults.
func (c Config) check() error {
	switch {
	case c.Layout == V1 && c.Shape != Shape{slots1, samples1, level1}:
		return fmt.Errorf("%w: layout v1 has %d slots, %d samples and level %d, not %d, %d and %d", ErrConfig, slots1, samples1, level1, c.Slots, c.Samples, c.Level)
	case c.Layout != V1 && c.Layout != V2:
		return fmt.Errorf("%w: layout %d, not 1 or 2", ErrConfig, c.Layout)
	}
	return c.Check()
}

// Publisher is a data plane's side of a region. Its methods are called from one
// goroutine, the plane's event loop, and allocate nothing. Times are on the machine's
// monotonic clock (Clock) and do not decrease.
//
// What is counted goes to a cache in the process's own memory (Server); Publish copies
// it to the region. Samples go to the region at once. Should the region's file be
// removed, replaced or cut short, samples are lost until the next Publish, which makes
// a new region.
type Publisher struct {
	path   string
	config Config
	cache  observation // epoch, and by slot what is published
	side   planeSide

	sequence uint64
	checked  time.Duration // when the file was last looked at
	lost     error         // why the region must be made anew, if it must
	remade   uint64
}

// planeSide is what a plane does with a region, in one of the layouts. It holds the
// state of the present mapping alone.
type planeSide interface {
	// begin takes over a region that is mapped, under an epoch, or, where that is 0,
	// one that differs from those before. It returns it, and the highest sequence
	// number that has been begun in the region.
	begin(r *region, epoch uint64) (last, taken uint64)
	// setSlot gives a slot to the server in row, or to none.
	setSlot(slot int, r *row)
	addSample(slot int, k kind, r *row, at, value time.Duration)
	publish(sequence uint64, o *observation)
	// weights fills dst with those that were written last, 0 where there is none,
	// and says whether there are any that it has not returned before.
	weights(dst []float64, o *observation) bool
	agentAge(now time.Duration) (time.Duration, bool)
	// accept says whether the region in a file can be taken over.
	accept(r *region) bool
	bytes() int
	// format makes a region of zeroes one of the layout.
	format(r *region)
	mapped() *region
}

// Create makes a plane's region in the file path, mode 0600, in a folder that must
// exist, such as /dev/shm. If a plane that has ended left its region there and it has
// the same sizes, that is taken over, so that what steers the plane goes on with the
// file it has open; any other file of this user's is replaced. It fails with ErrTaken
// while another plane has it.
func Create(path string, c Config) (*Publisher, error) {
	c = c.complete()
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Publisher{path: path, config: c, cache: observation{rows: make([]row, c.Slots)}}
	if c.Layout == V1 {
		p.side = newPlaneSide1()
	} else {
		p.side = newPlaneSide2(newLayout(c.Shape))
	}
	if err := p.open(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// maxRaces bounds how often open tries again because another process made or removed
// the file meanwhile.
const maxRaces = 8

// open maps the region, taking over or making it, and writes to it what the cache has.
func (p *Publisher) open() (err error) {
	for range maxRaces {
		r, tried := p.openOnce()
		if tried == nil {
			return p.begin(r)
		}
		err = tried
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, testbed.ErrPlaneGone) {
			break
		}
	}
	return err
}

// openOnce returns a region to begin with.
func (p *Publisher) openOnce() (*region, error) {
	old, err := ownRegion(p.path)
	replace := true
	switch {
	case err == nil:
		if gone := old.check(); gone != nil {
			return nil, errors.Join(gone, old.close())
		}
		if p.side.accept(old) {
			return old, nil
		}
		defer func() { _ = old.close() }() // after its name is the new region's
	case errors.Is(err, testbed.ErrPlaneGone):
		replace = false
	case !errors.Is(err, ErrNotRegion):
		return nil, err
	}
	r, err := makeRegion(p.path, p.side.bytes())
	if err != nil {
		return nil, err
	}
	p.side.format(r)
	if err := r.install(p.path, replace); err != nil {
		return nil, errors.Join(err, r.close(), r.remove())
	}
	return r, nil
}

// begin takes over a region.
func (p *Publisher) begin(r *region) (err error) {
	defer r.recoverFault(debug.SetPanicOnFault(true), &err)
	last, epoch := p.side.begin(r, p.cache.epoch)
	p.sequence, p.cache.epoch = max(p.sequence, last), epoch
	for j := range p.cache.rows {
		p.side.setSlot(j, &p.cache.rows[j])
	}
	p.lost = nil
	return nil
}

// Slots returns the number of slots.
func (p *Publisher) Slots() int { return len(p.cache.rows) }

// Set gives a slot to a server, whose counters begin at 0. It costs the same however
// many slots and samples there are.
func (p *Publisher) Set(slot int, name string) (err error) {
	if err := checkName(name); err != nil {
		return err
	}
	p.cache.rows[slot] = row{used: true, server: testbed.Server{Name: name, In: true}}
	return p.setSlot(slot)
}

// Clear takes the server out of a slot.
func (p *Publisher) Clear(slot int) error {
	p.cache.rows[slot] = row{}
	return p.setSlot(slot)
}

func (p *Publisher) setSlot(slot int) (err error) {
	if p.lost != nil {
		return nil // the next Publish begins anew
	}
	defer p.side.mapped().recoverFault(debug.SetPanicOnFault(true), &p.lost)
	p.side.setSlot(slot, &p.cache.rows[slot])
	return nil
}

// Server returns the cached counters of the server in a slot, for the plane to change;
// Publish publishes them. The name is Set's alone to change.
func (p *Publisher) Server(slot int) *testbed.Server { return &p.cache.rows[slot].server }

// Completed registers the completion time of a flow that completed at a time.
func (p *Publisher) Completed(slot int, at, took time.Duration) { p.add(slot, completions, at, took) }

// Elapsed registers for how long a flow of the server, chosen at random, had been under
// way at a time, or 0 if the server had none. The times are those of env/observe: one at
// random in each observe.SampleInterval.
func (p *Publisher) Elapsed(slot int, at, took time.Duration) { p.add(slot, elapsed, at, took) }

// add registers a sample of a slot that has a server.
func (p *Publisher) add(slot int, k kind, at, value time.Duration) {
	row := &p.cache.rows[slot]
	if p.lost != nil || !row.used {
		return
	}
	defer p.side.mapped().recoverFault(debug.SetPanicOnFault(true), &p.lost)
	p.side.addSample(slot, k, row, at, value)
}

// fileInterval is the time between two looks at a region's file.
const fileInterval = 100 * time.Millisecond

// Publish publishes the counters at a time and gives a sign of life. If the region's
// file has gone, which is looked for ten times a second, it makes a new one first.
func (p *Publisher) Publish(at time.Duration) error {
	if p.lost == nil && at-p.checked >= fileInterval {
		p.checked = at
		p.lost = p.side.mapped().check()
	}
	if p.lost != nil {
		if err := p.remake(); err != nil {
			return err
		}
	}
	return p.publish(at)
}

func (p *Publisher) publish(at time.Duration) (err error) {
	defer func() { p.lost = err }()
	defer p.side.mapped().recoverFault(debug.SetPanicOnFault(true), &err)
	p.cache.time = nanoseconds(at)
	p.sequence++
	p.side.publish(p.sequence, &p.cache)
	return nil
}

// remake makes the region anew.
func (p *Publisher) remake() error {
	if err := p.side.mapped().close(); err != nil {
		return err
	}
	if err := p.open(); err != nil {
		return err
	}
	p.remade++
	return nil
}

// Remade returns how often the region had to be made anew because its file had gone.
func (p *Publisher) Remade() uint64 { return p.remade }

// Weights fills dst, one for each slot, with the weights that were written last, and
// says whether they are new: written, or for other servers, since it last said so. If
// they are not, dst stays as it is. A server without a weight, and a slot without a
// server, gets the mean of the others.
func (p *Publisher) Weights(dst []float64) (fresh bool) {
	if p.lost != nil || len(dst) != len(p.cache.rows) {
		return false
	}
	defer p.side.mapped().recoverFault(debug.SetPanicOnFault(true), &p.lost)
	return p.side.weights(dst, &p.cache)
}

// AgentAge returns how long ago what steers the plane gave its last sign of life, by
// weights or a beat, and false if none has ever been seen.
func (p *Publisher) AgentAge(now time.Duration) (age time.Duration, ok bool) {
	if p.lost != nil {
		return 0, false
	}
	defer p.side.mapped().recoverFault(debug.SetPanicOnFault(true), &p.lost)
	return p.side.agentAge(now)
}

// Close removes the region: the plane ends in order. A plane that is to come back
// leaves it.
func (p *Publisher) Close() error {
	r := p.side.mapped()
	if r == nil || r.file < 0 {
		return nil
	}
	if p.lost != nil || r.check() != nil { // a file of that name is another's
		return r.close()
	}
	return errors.Join(r.remove(), r.close())
}
