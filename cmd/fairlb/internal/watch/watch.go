package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/testbed"
	"fairlb/results/runtrace"
	"fairlb/results/runtrace/frame"
)

// Source is the lines of a trace, as runtrace.Reader reads them: io.EOF where the next one
// has not been written yet.
type Source interface {
	Header() (runtrace.Header, error)
	Next() (runtrace.Step, error)
}

var _ Source = (*runtrace.Reader)(nil)

// poll (s) is how long a line that has not been written yet is left alone.
const poll = 0.05

// silence is how long nothing may have been written before the frame says so.
const silence = 2 * time.Second

// One writes the frame of a moment (s since the episode began; NaN: the last).
func One(out io.Writer, source Source, at float64, size frame.Size) error {
	h, err := source.Header()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: no header has been written", runtrace.ErrMalformed)
	} else if err != nil {
		return err
	}
	v := frame.New(h)
	some := false
	for {
		s, err := source.Next()
		switch {
		case errors.Is(err, io.EOF) && !some:
			return fmt.Errorf("%w: no step has been written", runtrace.ErrMalformed)
		case errors.Is(err, io.EOF) && at > v.Time():
			return invalid.Errorf("--at %g: the trace goes from 0 to %g s", at, v.Time())
		case errors.Is(err, io.EOF):
			_, err = io.WriteString(out, v.Frame(size))
			return err
		case err != nil:
			return err
		}
		const rounding = 1e-9
		if s.Time > at+rounding || s.End && !math.IsNaN(at) {
			_, err = io.WriteString(out, v.Frame(size))
			return err
		}
		v.Add(s)
		some = true
	}
}

// Sample watches for some time what has no end, and writes the frame of what it has seen.
func Sample(ctx context.Context, out io.Writer, source Source, duration time.Duration, size frame.Size, clock testbed.Clock) error {
	h, err := source.Header()
	if err != nil {
		return err
	}
	v := frame.New(h)
	for until := clock.Now().Add(duration); ; {
		s, err := source.Next()
		switch {
		case err == nil:
			v.Add(s)
			continue
		case !errors.Is(err, io.EOF):
			return err
		}
		if !clock.Now().Before(until) {
			_, err := io.WriteString(out, v.Frame(size))
			return err
		}
		if err := pause(ctx, clock); err != nil {
			return err
		}
	}
}

// Follow shows a trace on a terminal until its episode has ended or ctx is done, which is no
// error. What is there of a trace that is still written is shown at once; one that is whole
// goes at the pace of its episode times speed.
func Follow(ctx context.Context, to *Terminal, source Source, speed float64, clock testbed.Clock) (err error) {
	defer func() {
		if ctx.Err() != nil {
			err = nil
		}
	}()
	defer to.close()
	steps, header, err := written(ctx, source, clock)
	if err != nil {
		return err
	}
	v := frame.New(header)
	if len(steps) > 0 && steps[len(steps)-1].End {
		begun := clock.Now()
		for _, s := range steps {
			if err := clock.WaitUntil(ctx, begun.Add(time.Duration(s.Time/speed*float64(time.Second)))); err != nil {
				return err
			}
			v.Add(s)
			if err := to.draw(v); err != nil {
				return err
			}
		}
		return nil
	}
	for _, s := range steps {
		v.Add(s)
	}
	if len(steps) > 0 {
		if err := to.draw(v); err != nil {
			return err
		}
	}
	return follow(ctx, to, source, v, clock)
}

// written reads what has been written so far, and waits for the header.
func written(ctx context.Context, source Source, clock testbed.Clock) (steps []runtrace.Step, h runtrace.Header, err error) {
	for {
		if h, err = source.Header(); err == nil {
			break
		}
		if !errors.Is(err, io.EOF) {
			return nil, h, err
		}
		if err := pause(ctx, clock); err != nil {
			return nil, h, err
		}
	}
	for {
		s, err := source.Next()
		switch {
		case errors.Is(err, io.EOF):
			return steps, h, nil
		case err != nil:
			return nil, h, err
		}
		steps = append(steps, s)
	}
}

// follow shows steps as they are written.
func follow(ctx context.Context, to *Terminal, source Source, v *frame.View, clock testbed.Clock) error {
	heard := clock.Now()
	for !v.Ended() {
		s, err := source.Next()
		switch {
		case errors.Is(err, io.EOF):
			if silent := clock.Now().Sub(heard); silent > silence {
				v.SetStatus(fmt.Sprintf("silent for %.0f s", silent.Truncate(time.Second).Seconds()))
				if err := to.draw(v); err != nil {
					return err
				}
			}
			if err := pause(ctx, clock); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		heard = clock.Now()
		v.SetStatus("")
		v.Add(s)
		if err := to.draw(v); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, clock testbed.Clock) error {
	return clock.WaitUntil(ctx, clock.Now().Add(time.Duration(poll*float64(time.Second))))
}
