package traced

import (
	"context"
	"errors"
	"fmt"
	"os"

	"fairlb/env"
	"fairlb/results/runtrace"
)

// counter is an environment that keeps counts (env.Step.Counts) only when it is asked to.
type counter interface {
	// KeepCounts lets the steps of all following episodes carry counts.
	KeepCounts()
}

// weigher is an environment in which others than its caller may set weights.
type weigher interface {
	// Weights returns those, by LB and server, as of the last step; nil: nobody does.
	Weights() [][]float64
}

// Env is an environment whose episodes leave traces.
type Env struct {
	env.Env
	recorder env.Recorder // who else wants outcomes; may be nil
	create   func(seed uint64) (*os.File, *runtrace.Writer, error)

	file   *os.File // nil: there is no episode
	writer *runtrace.Writer
	last   float64 // the time of the last step
	truth  env.Truth

	// Of the interval, until it is written.
	step  runtrace.Step
	times []float64 // s, of the requests that ended
}

var (
	_ env.Env         = (*Env)(nil)
	_ env.Recorder    = (*Env)(nil)
	_ env.Drainer     = (*Env)(nil)
	_ env.GroundTruth = (*Env)(nil)
)

// Record implements env.Recorder.
func (e *Env) Record(o env.Outcome) {
	if e.recorder != nil {
		e.recorder.Record(o)
	}
	if e.file == nil {
		return // the reset of an episode tells of what was left of the one before
	}
	e.times = append(e.times, o.Completion)
	counts := e.step.Completed
	if o.Failed {
		e.step.Ended.Failed++
		counts = e.step.Failed
	}
	if o.Server >= 0 && o.Server < len(counts[o.LB]) {
		counts[o.LB][o.Server]++
	}
}

// Reset implements env.Env.
func (e *Env) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	if err := e.closeFile(); err != nil {
		return env.Step{}, err
	}
	step, err := e.Env.Reset(ctx, seed)
	if err != nil {
		return step, err
	}
	if e.file, e.writer, err = e.create(seed); err != nil {
		return step, err
	}
	e.begin()
	return step, e.write(&step, nil)
}

// Step implements env.Env.
func (e *Env) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	step, err := e.Env.Step(ctx, actions)
	if err != nil || e.file == nil {
		return step, err
	}
	return step, e.write(&step, actions)
}

// Drain implements env.Drainer, if only to end the file.
func (e *Env) Drain(ctx context.Context) error {
	if d, is := e.Env.(env.Drainer); is {
		if err := d.Drain(ctx); err != nil {
			return err
		}
	}
	if e.file == nil {
		return nil
	}
	e.step.End = true
	return errors.Join(e.write(&env.Step{Time: e.last}, nil), e.closeFile())
}

// Truth implements env.GroundTruth.
func (e *Env) Truth(t *env.Truth) error {
	if g, is := e.Env.(env.GroundTruth); is {
		return g.Truth(t)
	}
	return env.ErrUnsupported
}

// Close implements env.Env.
func (e *Env) Close() error { return errors.Join(e.closeFile(), e.Env.Close()) }

// begin begins an interval.
func (e *Env) begin() {
	spec := e.Spec()
	matrix := func(m [][]int) [][]int {
		if m == nil {
			for range spec.Agents {
				m = append(m, make([]int, spec.Servers))
			}
		}
		for _, row := range m {
			clear(row)
		}
		return m
	}
	e.step = runtrace.Step{Completed: matrix(e.step.Completed), Failed: matrix(e.step.Failed)}
	e.times = e.times[:0]
}

// write writes the interval that a step ends, under those actions, and begins the next.
func (e *Env) write(step *env.Step, actions [][]float64) error {
	s := &e.step
	s.Time, s.Late, s.Weights = step.Time, step.Late, actions
	if w, is := e.Env.(weigher); is && actions == nil && !s.End {
		s.Weights = w.Weights()
	}
	e.last = step.Time
	if !s.End { // the servers have nothing to do then
		if err := e.readTruth(); err != nil {
			return err
		}
	}
	if step.Counts != nil {
		s.Arrived = step.Interval.Arrived
		for _, row := range step.Counts {
			sent := make([]int, len(row))
			for j, c := range row {
				sent[j] = c.Dispatched
			}
			s.Sent = append(s.Sent, sent)
		}
	}
	s.Ended = runtrace.EndedOf(e.times, s.Ended.Failed)
	if err := e.writer.Write(s); err != nil {
		return fmt.Errorf("%s: %w", e.file.Name(), err)
	}
	e.begin()
	return nil
}

// readTruth reads the servers' true state, where the environment has it.
func (e *Env) readTruth() error {
	err := e.Truth(&e.truth)
	if errors.Is(err, env.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	e.step.Capacity = e.truth.Capacity
	for j, running := range e.truth.Running {
		e.step.Queue = append(e.step.Queue, running+e.truth.Backlog[j])
		if e.truth.Out[j] {
			e.step.Out = append(e.step.Out, j)
		}
	}
	return nil
}

// closeFile ends the file of the episode, if there is one.
func (e *Env) closeFile() error {
	if e.file == nil {
		return nil
	}
	f := e.file
	e.file, e.writer = nil, nil
	return f.Close()
}
