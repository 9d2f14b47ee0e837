package replay

import (
	"errors"
	"io"
	"math"
)

// errNotEmpty reports a buffer that would lose what it holds.
var errNotEmpty = errors.New("replay: only an empty buffer can be restored")

// array is one of the slices of an episode.
type array struct {
	values   *[]float32
	size     int  // of a whole one
	optional bool // may be empty instead
}

// arrays lists the slices of an episode.
func (e *Episode) arrays() []array {
	n := e.Agents * e.Servers
	return []array{
		{&e.Obs, (e.Steps + 1) * n * e.Features, false},
		{&e.LogWeight, e.Steps * n * e.actions(), false},
		{&e.Reward, e.Steps * e.Agents, false},
		{&e.ServerReward, e.Steps * n, false},
		{&e.Load, (e.Steps + 1) * n, false},
		{&e.StoredState, e.Steps * e.Agents * e.StoredStateSize, false},
		{&e.Flows, e.Steps * n, true},
		{&e.FlowDelay, e.Steps * n, true},
		{&e.TeamReward, e.Steps, true},
		{&e.TeamServerReward, e.Steps * e.Servers, true},
	}
}

// Bytes returns the memory (bytes) of an episode's arrays, with the room that
// they leave unused.
func (e *Episode) Bytes() int {
	values := 0
	for _, a := range e.arrays() {
		values += cap(*a.values)
	}
	return 4 * values
}

// Bytes returns the memory (bytes) of what the buffer holds: the arrays of its
// episodes, which are all but a few bytes an episode.
func (b *Buffer) Bytes() int {
	sum := 0
	for _, ep := range b.episodes {
		sum += ep.Bytes()
	}
	return sum
}

// Save writes the buffer, every bit of its episodes and which is overwritten
// next, so that Restore makes its equal. The buffer must not be added to
// meanwhile.
func (b *Buffer) Save(w io.Writer) error {
	c := newWriter(w)
	b.state(c)
	return c.end()
}

// Restore fills an empty buffer with what one of equal shape and capacity
// saved; it reads that and not a byte more. It fails, and the buffer stays
// empty, with ErrDamaged, ErrVersion or ErrOther, and with the error of r.
func (b *Buffer) Restore(r io.Reader) error {
	if b.added > 0 {
		return errNotEmpty
	}
	c := newReader(r)
	read := *b
	read.state(c)
	if err := c.end(); err != nil {
		return err
	}
	read.ends = make([]int, len(read.episodes))
	read.count()
	*b = read
	return nil
}

// state walks over the buffer.
func (b *Buffer) state(c *codec) {
	c.begin("fairlb replay buffer")
	c.same("agents", b.shape.Agents)
	c.same("servers", b.shape.Servers)
	c.same("features", b.shape.Features)
	c.same("actions", b.shape.Actions)
	c.same("stored state", b.shape.StoredStateSize)
	c.same("capacity", b.capacity)
	c.count(&b.added)
	for k := 0; k < min(b.added, b.capacity) && c.err == nil; k++ {
		if c.reading() {
			b.episodes = append(b.episodes, &Episode{Shape: b.shape})
		}
		b.episodes[k].state(c)
	}
}

// state walks over an episode of known shape.
func (e *Episode) state(c *codec) {
	c.count(&e.Steps)
	if e.Steps >= math.MaxInt/8/(e.Agents*e.Servers*max(e.Features, e.actions(), e.StoredStateSize))-1 {
		c.fail(ErrDamaged, "an episode of %d steps", e.Steps)
	}
	c.uint64(&e.Seed)
	var flags uint64 // that it terminated, then which optional arrays there are
	if e.Terminated {
		flags = 1
	}
	arrays := e.arrays()
	bit := uint64(1)
	for _, a := range arrays {
		if a.optional {
			bit <<= 1
			if len(*a.values) > 0 {
				flags |= bit
			}
		}
	}
	c.uint64(&flags)
	if flags >= 2*bit {
		c.fail(ErrDamaged, "an episode's flags are %d", flags)
	}
	e.Terminated = flags&1 != 0
	bit = 1
	for _, a := range arrays {
		if a.optional {
			if bit <<= 1; flags&bit == 0 {
				continue
			}
			if a.size == 0 {
				c.fail(ErrDamaged, "an episode of no step has an array for each")
			}
		}
		if c.err != nil {
			return
		}
		c.float32s(a.values, a.size)
	}
	if c.err == nil {
		if err := e.Validate(); err != nil {
			c.fail(ErrDamaged, "%v", err)
		}
	}
}

// Save writes the priorities, so that Restore makes their equal over the same
// buffer. What was drawn last is left out: Update belongs before it.
func (p *Priorities) Save(w io.Writer) error {
	c := newWriter(w)
	p.state(c)
	return c.end()
}

// Restore takes what priorities with the same agent and alpha saved, over a
// buffer that was saved with them and is restored; it reads that and not a
// byte more. It fails, and changes nothing, as Buffer.Restore does.
func (p *Priorities) Restore(r io.Reader) error {
	c := newReader(r)
	read := Priorities{buffer: p.buffer, agent: p.agent, alpha: p.alpha,
		slots: newSumTree(make([]float64, p.buffer.capacity)), steps: make([]sumTree, p.buffer.capacity)}
	read.state(c)
	if err := c.end(); err != nil {
		return err
	}
	*p = read
	return nil
}

// state walks over the priorities.
func (p *Priorities) state(c *codec) {
	b := p.buffer
	c.begin("fairlb replay priorities")
	c.same("agent", p.agent)
	c.same("capacity", b.capacity)
	alpha := p.alpha
	if c.float64(&alpha); alpha != p.alpha {
		c.fail(ErrOther, "alpha = %g, want %g", alpha, p.alpha)
	}
	c.float64(&p.greatest)
	if !(p.greatest >= 1 && p.greatest <= 2*math.MaxFloat32) { // an error and leastPriority
		c.fail(ErrDamaged, "the greatest priority is %g", p.greatest)
	}
	if c.count(&p.seen); p.seen > b.added {
		c.fail(ErrOther, "priorities of %d episodes, and there have been %d", p.seen, b.added)
	}
	for slot := 0; slot < min(p.seen, b.capacity) && c.err == nil; slot++ {
		p.episode(c, slot)
	}
}

// episode walks over the priorities of the episode at a place of the buffer.
func (p *Priorities) episode(c *codec, slot int) {
	b, tree := p.buffer, &p.steps[slot]
	// The last that was seen here may have been overwritten since; then it
	// does not matter what it had.
	last := slot + (p.seen-1-slot)/b.capacity*b.capacity
	steps := tree.n
	c.count(&steps)
	if last >= b.added-b.capacity && steps != b.episodes[slot].Steps {
		c.fail(ErrOther, "priorities of %d steps for an episode of %d", steps, b.episodes[slot].Steps)
	}
	var values []float64
	most := math.Pow(p.greatest, p.alpha)
	for k := 0; k < steps && c.err == nil; k++ {
		var x float64
		if !c.reading() {
			x = tree.value(k)
		}
		if c.float64(&x); !(x > 0 && x <= most) {
			c.fail(ErrDamaged, "a priority of %g", x)
		}
		values = append(values, x)
	}
	if c.reading() && c.err == nil {
		*tree = newSumTree(values)
		p.slots.set(slot, tree.total())
	}
}
