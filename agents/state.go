package agents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"fairlb/env/snapshot"
)

// Saver is a Learner whose training can stop between two rounds and go on in
// another process, bit for bit; or a part of a Learner, such as a replay buffer.
type Saver interface {
	// Save writes all that the learner's future depends on beside its
	// configuration. It may be called before the first episode is observed,
	// and from when Update has returned until the next episode is observed.
	Save(w io.Writer) error

	// Restore puts a learner that has neither observed nor updated into what
	// one of the same configuration, spec and seed has saved. It reads that
	// and not a byte more. After an error the learner is of no use.
	Restore(r io.Reader) error
}

// ErrState reports bytes that are not the state of the learner that is to be
// restored.
var ErrState = errors.New("agents: not the state of this learner")

// SaveState writes a learner's state: first what walk visits, then the stores,
// which write themselves as they are too large to be held twice in memory. kind
// names the learner and the version of what walk visits.
func SaveState(w io.Writer, kind string, walk func(*snapshot.Codec), stores ...Saver) error {
	c := snapshot.Writer()
	c.Text(&kind)
	walk(c)
	if err := c.Err(); err != nil {
		return fmt.Errorf("agents: saving %s: %w", kind, err)
	}
	data := c.Bytes()
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(data)))); err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	for _, s := range stores {
		if err := s.Save(w); err != nil {
			return err
		}
	}
	return nil
}

// RestoreState reads what SaveState wrote. It fails with ErrState, or with the
// error of a store or of r.
func RestoreState(r io.Reader, kind string, walk func(*snapshot.Codec), stores ...Saver) error {
	fault := func(err error) error { return fmt.Errorf("%w (%s): %w", ErrState, kind, err) }
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return fault(err)
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > math.MaxInt64 {
		return fault(fmt.Errorf("a length of %d", n))
	}
	var data bytes.Buffer // which grows no faster than there are bytes
	if _, err := io.CopyN(&data, r, int64(n)); err != nil {
		return fault(err)
	}
	c := snapshot.Reader(data.Bytes())
	var of string
	if c.Text(&of); c.Err() == nil && of != kind {
		return fault(fmt.Errorf("it is of %q", of))
	}
	walk(c)
	c.End()
	if err := c.Err(); err != nil {
		return fault(err)
	}
	for _, s := range stores {
		if err := s.Restore(r); err != nil {
			return fault(err)
		}
	}
	return nil
}
