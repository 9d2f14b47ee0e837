package workload

import (
	"errors"
	"io"
	"math"

	"fairlb/env/snapshot"
)

var (
	_ snapshot.Stater = (*Synthetic)(nil)
	_ snapshot.Stater = (*Recorded)(nil)
	_ snapshot.Stater = (*Trace)(nil)
)

// errMisplaced says that no line of a trace begins where one should.
var errMisplaced = errors.New("no line begins there")

// State implements snapshot.Stater. It is restored into a source of the same
// configuration; the seed is the saved one's whatever the new one's was.
func (s *Synthetic) State(c *snapshot.Codec) {
	s.arrivals.walk(c)
	c.PCG(s.split.stream)
	c.PCG(s.mixStream)
	c.PCG(s.demandStream)
}

// walk walks over a process's state.
func (p *process) walk(c *snapshot.Codec) {
	x := *p
	c.PCG(x.stream)
	c.Float64(&x.rate)
	c.Float64(&x.now)
	snapshot.Int(c, &x.state)
	c.Float64(&x.stateEnds)
	c.Bool(&x.first)
	c.Float64(&x.phase)
	if !c.Reading() {
		return
	}
	ends, period := 0.0, 0.0 // the least end of the state, the end of phases
	if x.stays != nil {
		ends = x.now
	}
	if x.profile != nil {
		period = x.profile.period
	}
	switch {
	case !(x.rate >= x.low && x.rate <= x.high):
		c.Fail("%g requests/s outside [%g, %g]", x.rate, x.low, x.high)
	case x.state < 0 || x.state >= len(x.factors):
		c.Fail("state %d of %d of the arrivals", x.state, len(x.factors))
	case !(x.now >= 0 && x.now <= math.MaxFloat64 && x.stateEnds >= ends && x.phase >= 0 && x.phase <= period):
		c.Fail("arrivals at %g s, their state until %g s, their profile from %g s", x.now, x.stateEnds, x.phase)
	}
	if c.Err() == nil {
		*p = x
		p.setRates()
	}
}

// State implements snapshot.Stater. It is restored into a source of the same
// trace file and configuration.
func (r *Recorded) State(c *snapshot.Codec) {
	r.trace.State(c)
	c.PCG(r.split.stream)
	c.PCG(r.stream)
	c.Float64(&r.now)
	c.Float64(&r.origin)
	c.Bool(&r.align)
	c.Bool(&r.wrap)
	c.Float64(&r.latest)
	if c.Reading() && (!(r.now >= 0 && r.now <= math.MaxFloat64) || math.IsNaN(r.origin) || math.IsInf(r.origin, 0) || math.IsNaN(r.latest)) {
		c.Fail("a trace at %g s of the episode, its origin at %g s", r.now, r.origin)
	}
}

// State implements snapshot.Stater: it saves the place in the file, and goes
// there again, in a gzip file by reading up to it. A trace that stopped at a
// fault has no state to save.
func (t *Trace) State(c *snapshot.Codec) {
	ended := t.err == io.EOF
	if !c.Reading() && t.err != nil && !ended {
		c.Fail("a trace that stopped at a fault: %v", t.err)
		return
	}
	offset, line, last := t.offset, t.line, t.last
	snapshot.Int(c, &offset)
	snapshot.Int(c, &line)
	c.Float64(&last)
	c.Bool(&ended)
	if !c.Reading() || c.Err() != nil {
		return
	}
	if offset < 0 || line < 0 || !(last >= 0) || math.IsInf(last, 1) {
		c.Fail("line %d of a trace at byte %d and %g s", line, offset, last)
		return
	}
	if err := t.seek(offset); err != nil {
		c.Fail("%s: cannot go to byte %d: %v", t.path, offset, err)
		return
	}
	t.line, t.last, t.err = line, last, nil
	if ended {
		t.err = io.EOF
	}
}

// seek goes to the byte of the text at which a line begins, or to its end.
func (t *Trace) seek(offset int64) error {
	if err := t.Rewind(); err != nil {
		return err
	}
	if offset < t.start {
		return errMisplaced
	}
	if t.gz == nil && offset > t.start {
		// From the byte before, which must end a line.
		if _, err := t.file.Seek(offset-1, io.SeekStart); err != nil {
			return err
		}
		t.in.Reset(t.file)
		t.offset = offset - 1
	}
	before := byte('\n')
	for t.offset < offset {
		skipped, err := t.in.Discard(int(min(offset-t.offset-1, 1<<20)))
		t.offset += int64(skipped)
		if err != nil {
			return errors.Join(errMisplaced, err)
		}
		if t.offset == offset-1 {
			if before, err = t.in.ReadByte(); err != nil {
				return errors.Join(errMisplaced, err)
			}
			t.offset++
		}
	}
	if _, err := t.in.Peek(1); before != '\n' && err != io.EOF {
		return errMisplaced
	}
	return nil
}
