package episodes

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"fairlb/eval"
)

// schedule is the work of one Run, which its workers share: an episode of each
// target on each seed. Episode k is that of target k / len(Seeds) on seed k mod
// len(Seeds), so that a worker mostly stays with one target.
type schedule struct {
	cfg     Config
	targets []Target
	next    atomic.Int64 // the next episode to play

	mu        sync.Mutex
	done      int
	summaries []summary // by target
}

func newSchedule(cfg Config, targets []Target) *schedule {
	s := &schedule{cfg: cfg, targets: targets, summaries: make([]summary, len(targets))}
	for i := range s.summaries {
		s.summaries[i] = newSummary(len(cfg.Seeds), len(cfg.Classes))
	}
	return s
}

func (s *schedule) total() int { return len(s.targets) * len(s.cfg.Seeds) }

// work plays episodes until there are none left, and keeps the environment and the
// actor that it has built while the target stays the same.
func (s *schedule) work(ctx context.Context) (err error) {
	var current *runner
	closeCurrent := func() {
		if current == nil {
			return
		}
		if e := current.env.Close(); e != nil && err == nil {
			err = fmt.Errorf("eval: %s: closing the environment: %w", current.target.Name, e)
		}
		current = nil
	}
	defer closeCurrent()

	for {
		k := int(s.next.Add(1)) - 1
		if k >= s.total() {
			return nil
		}
		i, j := k/len(s.cfg.Seeds), k%len(s.cfg.Seeds)
		target, seed := &s.targets[i], s.cfg.Seeds[j]
		if current == nil || current.target != target {
			if closeCurrent(); err != nil {
				return err
			}
			if current, err = newRunner(target, len(s.cfg.Classes)); err != nil {
				return fmt.Errorf("eval: %s, seed %d: %w", target.Name, seed, err)
			}
		}
		if err = current.run(ctx, seed); err != nil {
			return fmt.Errorf("eval: %s, seed %d: %w", target.Name, seed, err)
		}
		s.add(i, j, current.recorder)
	}
}

// add adds an episode that was played to the summary of its target.
func (s *schedule) add(target, seed int, r *recorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.summaries[target].add(seed, r)
	s.done++
	if s.cfg.Progress != nil {
		s.cfg.Progress(s.done, s.total())
	}
}

// results are the results of all targets, once all episodes are played.
func (s *schedule) results() []eval.Result {
	out := make([]eval.Result, len(s.targets))
	baseline := -1
	for i, target := range s.targets {
		out[i] = s.summaries[i].result(target.Name, s.cfg.Classes)
		if s.cfg.SameArrivals && len(s.cfg.Seeds) > 1 {
			out[i].SetOneWorkload()
		}
		if target.Name == s.cfg.Baseline {
			baseline = i
		}
	}
	if baseline >= 0 {
		for i := range out {
			out[i].Compare(&out[baseline])
		}
	}
	return out
}
