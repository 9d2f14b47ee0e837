package queueing

import (
	"context"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"fairlb/env"
	"fairlb/env/sim"
)

// Confidence is the confidence level of a Measurement's interval.
const Confidence = 0.999

// Measurement is what was measured of one quantity of a system, and what theory
// says.
type Measurement struct {
	System, Quantity, Source string
	Theory                   float64
	Mean, Low, High          float64 // the mean over seeds, and the interval around it
	Inside                   bool    // the theory is within the interval, extended by the theory's own margin
}

// recorder records the requests of an episode that count.
type recorder struct {
	warm        float64
	completions []float64
	failed      int
}

func (c *recorder) Record(o env.Outcome) {
	switch {
	case o.Arrival < c.warm:
	case o.Failed:
		c.failed++
	default:
		c.completions = append(c.completions, o.Completion)
	}
}

// Measure simulates the system with the seeds 1 to seeds, which must be at least 2,
// and returns a Measurement of each quantity, with Student's interval over the seeds.
func (s *System) Measure(ctx context.Context, seeds int) ([]Measurement, error) {
	cfg := s.Config
	rec := &recorder{warm: s.Warm}
	cfg.Recorder = rec
	e, err := sim.New(cfg)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	values := make([][]float64, len(s.Quantities))
	for seed := range uint64(seeds) {
		rec.completions, rec.failed = rec.completions[:0], 0
		if _, err := e.Reset(ctx, seed+1); err != nil {
			return nil, err
		}
		if _, err := e.Step(ctx, nil); err != nil {
			return nil, err
		}
		if err := e.Drain(ctx); err != nil {
			return nil, err
		}
		for k, q := range s.Quantities {
			values[k] = append(values[k], q.measured(rec.completions, rec.failed))
		}
	}
	var list []Measurement
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(seeds - 1)}
	for k, q := range s.Quantities {
		mean, sd := stat.MeanStdDev(values[k], nil)
		half := student.Quantile(1-(1-Confidence)/2) * sd / math.Sqrt(float64(seeds))
		list = append(list, Measurement{
			System: s.Name, Quantity: q.Name, Source: q.Source, Theory: q.Theory,
			Mean: mean, Low: mean - half, High: mean + half,
			Inside: math.Abs(mean-q.Theory) <= half+q.Margin*q.Theory,
		})
	}
	return list, nil
}
