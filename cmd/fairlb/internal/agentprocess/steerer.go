package agentprocess

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/agents"
	"fairlb/agents/guard"
	"fairlb/agents/selftuning"
	"fairlb/agents/universal"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/observe"
	"fairlb/env/testbed"
)

// steerer steers one plane. All but status is its own goroutine's.
type steerer struct {
	cfg    *Config
	source Source
	lb     int
	log    logrus.FieldLogger
	lines  *decisionLog

	plane   testbed.Plane // nil: not open
	retry   backoff
	waiting string // why the plane is waited for, as last logged

	reading testbed.Reading
	counts  testbed.IntervalCounts
	begun   bool // there has been a reading
	order   order
	slots   []float64 // weights by slot
	step    env.Step
	dst     [][]float64

	tuner   *selftuning.Actor
	guard   *guard.Guard // nil: none
	actor   agents.Actor // the guard, a policy without one, or the tuner
	traffic guard.Traffic
	// In shadow mode, what the weights that are not written would do, and what
	// self-tuning's would.
	estimate, tunerEstimate guard.Estimate

	status status
	times  *histograms
}

// weightBounds are those of self-tuning: no estimate of a server that works reaches
// them, and one that is on probation may.
var weightBounds = env.ActionSpec{Low: 1e-9, High: 1e9}

func newSteerer(cfg *Config, lb int, source Source, lines *decisionLog, times *histograms) (*steerer, error) {
	tuner, err := selftuning.New(selftuning.Config{LBs: 1, Interval: cfg.Interval, Bounds: weightBounds, Rule: dispatch.DefaultSelfTuning()})
	if err != nil {
		return nil, err
	}
	s := &steerer{
		cfg: cfg, source: source, lb: lb, log: cfg.Logger.WithField("plane", source.Name), lines: lines, tuner: tuner, actor: tuner,
		dst: make([][]float64, 1), times: times,
	}
	s.step.Obs, s.step.Load, s.step.Counts, s.step.Stale = make([][]float32, 1), make([][]float64, 1), make([][]env.ServerCounts, 1), make([]bool, 1)
	s.step.Reward = make([]float64, 1)
	s.status.init(cfg.Policy != nil || cfg.Rule != nil)
	if cfg.Rule != nil {
		s.actor, err = universal.NewActor(cfg.Rule, universal.ActorConfig{First: lb, Of: cfg.LB + len(cfg.Planes), LBs: 1, Interval: cfg.Interval, Bounds: weightBounds})
		return s, err
	}
	if cfg.Policy == nil {
		return s, nil
	}
	policy, err := newLocal(cfg.Policy, lb)
	if err != nil {
		return nil, err
	}
	if cfg.Guard == nil {
		policy.Reset(cfg.Seed)
		s.actor = policy
		return s, nil
	}
	gc := cfg.Guard(cfg.Policy.Servers, cfg.Policy)
	gc.Seed = cfg.Seed + uint64(lb)
	if s.guard, err = guard.New(gc, policy, tuner); err != nil {
		return nil, err
	}
	s.guard.Reset(cfg.Seed)
	s.actor = s.guard
	return s, nil
}

// close gives the plane back.
func (s *steerer) close() error {
	if s.plane == nil {
		return nil
	}
	err := s.plane.Close()
	s.plane = nil
	return err
}

// interval serves one interval: step's time and lateness are set. It returns an error
// that the user must mend; all others are told, and the next interval tries again.
func (s *steerer) interval(ctx context.Context, now time.Time) error {
	fresh, err := s.read(ctx, now)
	if err != nil || !s.begun {
		s.status.publish(s, now, false)
		return err
	}
	s.observe()
	err = s.actor.Act(s.dst, &s.step)
	if err != nil {
		// Of a guard and of self-tuning that would be a defect of this package; a policy
		// without a guard has nobody who could act in its place.
		return err
	}
	wrote := false
	if s.cfg.Shadow {
		s.imagine()
	} else {
		wrote = fresh && s.write()
	}
	s.status.publish(s, now, wrote)
	s.lines.write(s, now, wrote)
	return nil
}

// read takes in what the plane has published, and says whether it is something new.
func (s *steerer) read(ctx context.Context, now time.Time) (fresh bool, err error) {
	s.step.Stale[0] = true
	if s.plane == nil {
		if !s.retry.due(now) {
			return false, nil
		}
		p, err := s.source.Open(ctx)
		if err != nil {
			var own *invalid.Error // and not a file that is not there yet, which may come
			if errors.As(err, &own) {
				return false, err
			}
			s.waits(now, err)
			return false, nil
		}
		s.plane = p
	}
	if err := s.plane.Read(&s.reading); err != nil {
		s.waits(now, err)
		return false, nil
	}
	if err := s.reading.Check(len(observe.Features())); err != nil {
		s.waits(now, err)
		return false, nil
	}
	if !s.begun {
		if err := s.begin(); err != nil {
			return false, err
		}
	}
	s.retry = backoff{}
	if s.waiting != "" {
		s.waiting = ""
		s.log.WithField("servers", len(namesOf(s.reading.Servers))).Info("the plane is there")
	}
	return true, nil
}

// begin matches the servers of a first reading with those of the policy.
func (s *steerer) begin() error {
	if p := s.cfg.Policy; p != nil {
		has := namesOf(s.reading.Servers)
		if err := p.mismatch(has); err != nil {
			return err
		}
		s.order.known = p.Names
		if p.Names == nil {
			s.order.known = has
		}
		s.order.slots = make([]int, len(s.order.known))
	}
	s.begun = true
	return nil
}

// waits notes why the plane cannot be read, and logs it once.
func (s *steerer) waits(now time.Time, why error) {
	s.retry.failed(now)
	if reason := why.Error(); reason != s.waiting {
		s.waiting = reason
		s.log.WithError(why).Warn("waiting for the plane")
	}
}

// observe makes the step out of the reading. A plane that could not be read is observed
// as it was.
func (s *steerer) observe() {
	counts, news := s.counts.Next(&s.reading)
	if s.waiting == "" {
		s.step.Stale[0] = !news
	}
	s.order.update(s.reading.Servers)
	n, features := len(s.order.slots), len(observe.Features())
	if len(s.dst[0]) != n {
		s.dst[0] = make([]float64, n)
		s.step.Obs[0], s.step.Load[0], s.step.Counts[0] = make([]float32, n*features), make([]float64, n), make([]env.ServerCounts, n)
	}
	s.step.Interval = env.Interval{}
	for j, slot := range s.order.slots {
		c := env.ServerCounts{Absent: true}
		if slot >= 0 {
			c = counts[slot]
		}
		s.step.Counts[0][j] = c
		s.reading.Row(s.step.Obs[0][j*features:(j+1)*features], slot)
		s.step.Load[0][j] = s.reading.LoadOf(slot)
		s.step.Interval.Arrived += c.Dispatched
		s.step.Interval.Completed += c.Completed
		s.step.Interval.Failed += c.Failed
		s.step.Interval.CompletionSum += c.Durations
	}
	s.traffic.Learn(s.step.Counts[0], s.step.Time)
}

// write writes the weights, and gives a sign of life. It says whether the plane has both.
func (s *steerer) write() bool {
	s.slots = s.slots[:0]
	for range s.reading.Servers {
		s.slots = append(s.slots, 1) // of slots without a server it does not count
	}
	for j, slot := range s.order.slots {
		if slot >= 0 {
			s.slots[slot] = s.dst[0][j]
		}
	}
	err := s.plane.Write(s.slots)
	if err == nil {
		err = s.plane.Beat()
	}
	if err == nil {
		s.status.refusal = ""
		return true
	}
	s.status.writeErrors++
	if reason := err.Error(); reason != s.status.refusal {
		s.status.refusal = reason
		s.log.WithError(err).Warn("the plane does not take weights")
	}
	return false
}

// decision is what was decided last; without a guard there is nothing to say but whether
// there were news.
func (s *steerer) decision() guard.Decision {
	if s.guard != nil {
		return s.guard.Decision()
	}
	d := guard.Decision{Fallback: s.cfg.Policy == nil && s.cfg.Rule == nil}
	if s.step.Stale[0] {
		d.Reason = guard.Stale
	}
	return d
}

// imagine estimates what weights would do that are not written: those that the policy
// decided on, or self-tuning where it decided nothing, and those of self-tuning.
func (s *steerer) imagine() {
	rate := func(j int) float64 { return s.tuner.Rate(0, j) }
	weights := s.dst[0]
	if s.guard != nil && s.guard.Decision().Asked {
		s.slots = append(s.slots[:0], s.guard.Proposed()[0]...)
		for len(s.slots) < len(weights) {
			s.slots = append(s.slots, 1) // of servers that are absent
		}
		weights = s.slots
	}
	s.estimate = s.traffic.Under(weights, s.step.Counts[0], rate)
	s.slots = s.slots[:0]
	for j := range s.dst[0] {
		s.slots = append(s.slots, s.tuner.Weight(0, j))
	}
	s.tunerEstimate = s.traffic.Under(s.slots, s.step.Counts[0], rate)
}

// backoff is how long something that failed is left alone.
type backoff struct {
	pause time.Duration
	next  time.Time
}

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// due says whether it is time to try again.
func (b *backoff) due(now time.Time) bool { return !now.Before(b.next) }

// failed notes a failure.
func (b *backoff) failed(now time.Time) {
	if b.due(now) {
		b.pause = min(max(2*b.pause, firstPause), lastPause)
		b.next = now.Add(b.pause)
	}
}

// meanWeight returns the mean weight of the servers that are there.
func (s *steerer) meanWeight() float64 {
	sum, n := 0.0, 0
	for j, slot := range s.order.slots {
		if slot >= 0 {
			sum += s.dst[0][j]
			n++
		}
	}
	if n == 0 || !(sum > 0) || math.IsInf(sum, 1) {
		return 1
	}
	return sum / float64(n)
}
