package remote

import (
	"errors"
	"fmt"
	"time"

	"fairlb/env/snapshot"
	"fairlb/env/testbed"
)

// The kinds of frames. A client's are answered one by one.
const (
	kindHello   = 'H'
	kindRead    = 'r' // a client wants a reading
	kindWrite   = 'w' // and that weights hold
	kindBeat    = 'b' // and gives a sign of life
	kindReading = 'R'
	kindDone    = 'd'
	kindFault   = 'f'
)

// names are the servers' names by slot, as both ends of a session know them: they are sent
// when they change.
type names struct {
	list  []string
	known bool
}

// fresh says whether a reading has other names, and keeps them.
func (n *names) fresh(r *testbed.Reading) bool {
	fresh := !n.known || len(n.list) != len(r.Servers)
	for k := 0; !fresh && k < len(n.list); k++ {
		fresh = n.list[k] != r.Servers[k].Name
	}
	if fresh {
		n.list, n.known = n.list[:0], true
		for _, s := range r.Servers {
			n.list = append(n.list, s.Name)
		}
	}
	return fresh
}

// walk walks over a reading of so many features a server, to write or to read it.
func (n *names) walk(c *snapshot.Codec, r *testbed.Reading, features int) {
	c.Uint64(&r.Sequence)
	c.Uint64(&r.Epoch)
	snapshot.Int(c, &r.Time)
	snapshot.Int(c, &r.Age)
	told := !c.Reading() && n.fresh(r)
	c.Bool(&told)
	if told {
		snapshot.Slice(c, &n.list, c.Text)
	}
	snapshot.Slice(c, &r.Servers, func(s *testbed.Server) { walkServer(c, s) })
	if c.Reading() {
		if c.Err() == nil && len(r.Servers) != len(n.list) {
			c.Fail("%d servers and %d names", len(r.Servers), len(n.list))
		}
		if c.Err() != nil {
			return
		}
		for k := range r.Servers {
			r.Servers[k].Name = n.list[k]
		}
		r.Obs, r.Load = sized(r.Obs, features*len(r.Servers)), sized(r.Load, len(r.Servers))
	}
	c.Float32s(r.Obs)
	c.Float64s(r.Load)
	c.End()
}

// walkServer walks over a server, but for its name.
func walkServer(c *snapshot.Codec, s *testbed.Server) {
	c.Bool(&s.In)
	snapshot.Int(c, &s.Ongoing)
	c.Uint64(&s.Dispatched)
	c.Uint64(&s.Completed)
	c.Uint64(&s.Failed)
	c.Float64(&s.DurationSum)
	c.Float64(&s.CountSum)
}

// sized returns a slice of a length, in the memory of another if it has room.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// faults are the errors of a plane that its client must tell from others, by number.
var faults = []error{testbed.ErrNoReading, testbed.ErrPlaneGone}

// sayFault is what a frame says of an error.
func sayFault(err error) []byte {
	c := snapshot.Writer()
	kind := len(faults)
	for k, known := range faults {
		if errors.Is(err, known) {
			kind = k
		}
	}
	text := err.Error()
	snapshot.Int(c, &kind)
	c.Text(&text)
	return c.Bytes()
}

// fault is the error that a frame tells of.
func fault(said []byte) error {
	c := snapshot.Reader(said)
	kind, text := 0, ""
	snapshot.Int(c, &kind)
	c.Text(&text)
	c.End()
	switch {
	case c.Err() != nil:
		return fmt.Errorf("%w: %w", ErrProtocol, c.Err())
	case kind >= 0 && kind < len(faults):
		return fmt.Errorf("%w, says its machine: %s", faults[kind], text)
	}
	return fmt.Errorf("remote: its machine says: %s", text)
}

// older adds to a reading's age how long an answer took to come: about half of what passed
// since it was asked for.
func older(r *testbed.Reading, asked time.Time) { r.Age += time.Since(asked) / 2 }
