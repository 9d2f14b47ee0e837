package queueing

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/workload"
	"fairlb/eval/theory/twoservers"
)

// ErrNotSimulated reports a model of appendix A that the simulator has no counterpart of.
var ErrNotSimulated = errors.New("queueing: a model that is not simulated")

// TwoServers is how a model of appendix A (eval/theory/twoservers) is simulated.
type TwoServers struct {
	Model twoservers.Model // of joint queues that refuse, fair ties, continuous time, views of own tasks and an even rest

	// InOrder serves the tasks of a server one after the other; else they share it,
	// as the model says.
	InOrder bool

	// SelfTuning sends by self-tuning SED itself in place of the model's rule.
	SelfTuning bool

	Seconds float64 // simulated in each run; the first tenth does not count
	Seeds   int     // runs, at least 2
}

// durationSampler averages the weighted service duration over time.
type durationSampler struct {
	model    *twoservers.Model
	from, to float64 // s
	sum      float64
	samples  int
}

// Sample implements env.Sampler.
func (d *durationSampler) Sample(now float64, t *env.Truth) {
	if now < d.from || now > d.to {
		return
	}
	d.sum += d.model.DurationAt(t.Running[0]+t.Backlog[0], t.Running[1]+t.Backlog[1])
	d.samples++
}

// Measure simulates and returns the weighted service duration, the mean over the seeds
// 1 to Seeds with Student's interval.
func (x *TwoServers) Measure(ctx context.Context) (Measurement, error) {
	cfg, err := x.config()
	if err != nil {
		return Measurement{}, err
	}
	sampler := &durationSampler{model: &x.Model, from: x.Seconds / 10, to: x.Seconds}
	cfg.Sampler, cfg.SampleInterval = sampler, 0.5
	e, err := sim.New(cfg)
	if err != nil {
		return Measurement{}, err
	}
	defer e.Close()
	var values []float64
	for seed := range uint64(x.Seeds) {
		sampler.sum, sampler.samples = 0, 0
		if _, err := e.Reset(ctx, seed+1); err != nil {
			return Measurement{}, err
		}
		if _, err := e.Step(ctx, nil); err != nil {
			return Measurement{}, err
		}
		values = append(values, sampler.sum/float64(sampler.samples))
	}
	solution, err := x.Model.Solve()
	if err != nil {
		return Measurement{}, err
	}
	mean, sd := stat.MeanStdDev(values, nil)
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(x.Seeds - 1)}
	half := student.Quantile(1-(1-Confidence)/2) * sd / math.Sqrt(float64(x.Seeds))
	return Measurement{
		System: "two servers", Quantity: "weighted duration", Source: "Markov chain, solved", Theory: solution.Duration,
		Mean: mean, Low: mean - half, High: mean + half, Inside: math.Abs(mean-solution.Duration) <= half,
	}, nil
}

// config returns the simulated system.
func (x *TwoServers) config() (sim.Config, error) {
	m := &x.Model
	if err := m.Validate(); err != nil {
		return sim.Config{}, err
	}
	switch {
	case m.Queues != twoservers.Joint || m.Full != twoservers.Refused || m.Slot > 0 || m.TiesToFast != 0.5:
		return sim.Config{}, fmt.Errorf("%w: it needs joint queues that refuse, continuous time and fair ties", ErrNotSimulated)
	case m.Seen < 1 && (m.View != twoservers.OwnTasks || m.Rest != twoservers.UniformRest):
		return sim.Config{}, fmt.Errorf("%w: an LB sees its own tasks, and the rest is even", ErrNotSimulated)
	case x.Seeds < 2 || !(x.Seconds > 0):
		return sim.Config{}, fmt.Errorf("%w: %d runs of %g s: must be at least 2, and positive", ErrNotSimulated, x.Seeds, x.Seconds)
	}
	rate := m.Load * (m.Speeds[0] + m.Speeds[1])
	servers := []station.Server{{CPUs: 1, Speed: m.Speeds[0]}, {CPUs: 1, Speed: m.Speeds[1]}}
	cfg := config(1, rate, servers, stage(workload.CPU, "exponential", 1, 0))
	cfg.CPU, cfg.Workers, cfg.Backlog = station.ProcessorSharing, m.Queue, 0
	if x.InOrder {
		cfg.CPU, cfg.Backlog = station.FIFO, m.Queue-1
	}
	cfg.Duration, cfg.StepInterval, cfg.Heuristic = x.Seconds, x.Seconds, ""
	shares := []float64{1}
	if m.Seen < 1 {
		shares = []float64{m.Seen, 1 - m.Seen}
	}
	cfg.LBs, cfg.Shares = len(shares), shares
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(workload.Arrivals{Rate: rate}, cfg.Classes, shares, seed), nil
	}
	cfg.Rule = func(lb int) (dispatch.Rule, error) {
		o := dispatch.Options{Capacity: []float64{1, 1}, LB: lb, LBs: len(shares), Ties: dispatch.FairTies}
		weights := m.Weights[:]
		switch {
		case lb > 0:
			return dispatch.NewRandom([]float64{1, 1})
		case x.SelfTuning:
			return dispatch.New("self-tuning", o)
		case m.Rule == twoservers.WCMP:
			return dispatch.NewRandom(weights)
		case m.Rule == twoservers.LSQ:
			weights = []float64{1, 1}
		}
		return dispatch.NewShortestDelay(weights, o)
	}
	return cfg, nil
}
