package webfit

import (
	"cmp"
	"context"
	"math"
	"slices"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/eval/fit"
)

// measureClasses runs one episode under a heuristic, waits for what is in
// flight, and returns each class's figures.
func measureClasses(ctx context.Context, s scenario.Scenario, heuristic string, seed uint64) (map[string]fit.Statistics, error) {
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	rec := &byClass{completed: make([][]float64, len(cfg.Classes)), failed: make([]int, len(cfg.Classes))}
	cfg.Heuristic, cfg.Recorder = heuristic, rec
	e, err := sim.New(cfg)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	if _, err := e.Reset(ctx, seed); err != nil {
		return nil, err
	}
	for range e.Spec().Steps {
		if _, err := e.Step(ctx, nil); err != nil {
			return nil, err
		}
	}
	if err := e.Drain(ctx); err != nil {
		return nil, err
	}
	figures := map[string]fit.Statistics{}
	for k, name := range s.ClassNames() {
		figures[name] = rec.figures(k)
	}
	return figures, nil
}

// byClass is a Recorder of completion times by class, and of failures.
type byClass struct {
	completed [][]float64
	failed    []int
}

// Record implements env.Recorder.
func (r *byClass) Record(o env.Outcome) {
	if o.Failed {
		r.failed[o.Class]++
		return
	}
	r.completed[o.Class] = append(r.completed[o.Class], o.Completion)
}

func (r *byClass) figures(class int) fit.Statistics {
	x := r.completed[class]
	slices.SortFunc(x, cmp.Compare)
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	n := len(x)
	if n == 0 {
		return fit.Statistics{Mean: math.NaN(), P95: math.NaN(), P99: math.NaN(), Failed: 1}
	}
	quantile := func(q float64) float64 { return x[min(n-1, int(math.Ceil(q*float64(n)))-1)] }
	return fit.Statistics{Mean: sum / float64(n), P95: quantile(0.95), P99: quantile(0.99), Failed: float64(r.failed[class]) / float64(n+r.failed[class])}
}
