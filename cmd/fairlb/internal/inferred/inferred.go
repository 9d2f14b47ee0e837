// Package inferred measures what a load balancer can infer of the others'
// requests, and what that is worth: it lets two load balancers dispatch by the
// particle filter of package env/sim/inference, calibrated on training
// episodes, beside SED that sees all queues.
package inferred

import (
	"context"
	"fmt"
	"runtime"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env/dispatch"
	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/env/sim/inference"
	"fairlb/eval"
	"fairlb/eval/episodes"
	"fairlb/train"
)

// calibrationEpisodes is how many training episodes the rates are measured in.
const calibrationEpisodes = 10

// trusts are the parts of what is inferred that are tried.
func trusts() []float64 { return []float64{0, 0.2, 0.5, 1} }

// orderStep is what each place in the order of servers adds to a score where
// ties are not broken by lot: of eight servers' so little that only ties change,
// but enough that small inferred numbers do not undo it.
const orderStep = 0.05

// Study is what is measured.
type Study struct {
	Scenario  scenario.Scenario
	Seeds     []uint64
	Particles int // queues that a filter holds

	simulation sim.Config
}

// New checks that the filter's model holds in a scenario: two load balancers,
// and exponential demands of one stage.
func New(s scenario.Scenario, seeds []uint64, particles int) (*Study, error) {
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	if err := inference.Check(&cfg); err != nil {
		return nil, invalid.Errorf("%w", err)
	}
	if law := s.Workload.Classes[0].Stages[0].Law; law != "exponential" || s.Workload.Trace != "" {
		return nil, invalid.Errorf("%w: its demands must be exponential, not of law %s", inference.ErrScenario, law)
	}
	x := &Study{Scenario: s, Seeds: seeds, Particles: particles, simulation: cfg}
	return x, x.check()
}

// check compares what the study takes with the limits: its evaluations, and the
// queues that the filters hold of every server at each load balancer and move on
// at every request.
func (x *Study) check() error {
	one := x.Scenario.Estimate(false)
	targets := float64(3 + 2*len(trusts()))
	filtered := float64(2*calibrationEpisodes) + float64(len(x.Seeds))*float64(2+2*len(trusts()))
	servers := float64(len(x.simulation.Servers))
	workers := min(float64(runtime.GOMAXPROCS(0)), float64(len(x.Seeds)))
	var e estimate.Estimate
	e.Include(one, workers, estimate.Memory)
	e.Add(estimate.Memory, "the queues of the filters", []string{"--particles", "servers"}, float64(x.Particles), servers, 2*2*64, workers)
	e.Add(estimate.Events, "the evaluations", []string{"--seeds", "--duration"}, one.Total(estimate.Events), float64(len(x.Seeds)), targets)
	e.Add(estimate.Events, "the queues of the filters", []string{"--particles", "--seeds", "--duration"}, one.Total(estimate.Events), filtered, float64(x.Particles))
	return bounds.Check(e)
}

// Explained is the part of the variance of the other load balancer's requests at
// a server that is explained, as it is at arrivals.
type Explained struct {
	Ties          string  // how the rule breaks them
	Inferred, Own float64 // by the inferred number, by one's own number of requests
}

// Run returns what is explained for each way to break ties, and the evaluation
// of dispatch by what is inferred.
func (x *Study) Run(ctx context.Context, display progress.Display) ([]Explained, *eval.Evaluation, error) {
	training := make([]uint64, calibrationEpisodes)
	for k := range training {
		training[k] = train.EpisodeSeed(0, k)
	}
	s, cfg := x.Scenario, x.simulation
	var explained []Explained
	targets := []episodes.Target{simulate.HeuristicTarget(s, eval.DefaultBaseline), simulate.HeuristicTarget(s, "sed-true"), simulate.HeuristicTarget(s, "sed-global")}
	for _, order := range []float64{0, orderStep} {
		plain := inference.Config{Servers: cfg.Servers, Demand: cfg.Classes[0].Stages[0].Law.Mean(), Order: order, Particles: x.Particles}
		calibration := inference.NewCalibration(cfg.LBs, len(cfg.Servers))
		if err := inference.Run(ctx, cfg, training, []inference.Config{plain, plain}, calibration, nil); err != nil {
			return nil, nil, err
		}
		calibrated := func(lb int, trust float64) inference.Config {
			rule := plain
			rule.Arrivals, rule.Trust = calibration.Rates(1-lb), trust
			return rule
		}
		tally := inference.NewTally(len(cfg.Servers))
		if err := inference.Run(ctx, cfg, x.Seeds, []inference.Config{calibrated(0, 0), calibrated(1, 0)}, nil, tally); err != nil {
			return nil, nil, err
		}
		e := Explained{Ties: "by lot"}
		if order > 0 {
			e.Ties = "in order"
		}
		e.Inferred, e.Own = tally.Explained()
		explained = append(explained, e)
		for _, trust := range trusts() {
			targets = append(targets, episodes.Target{
				Name: fmt.Sprintf("%s, %g", e.Ties, trust),
				Env: simulate.Open(s, func(cfg *sim.Config) {
					cfg.Rule = func(lb int) (dispatch.Rule, error) { return inference.NewRule(calibrated(lb, trust), lb, nil, nil) }
				}).Recorded(),
			})
		}
	}
	bar := display.Bar("evaluating", len(targets)*len(x.Seeds))
	results, err := episodes.Run(ctx, episodes.Config{Seeds: x.Seeds, Classes: s.ClassNames(), Progress: func(done, _ int) { bar.Set(done, "") }}, targets)
	bar.Close()
	return explained, &eval.Evaluation{Scenario: s.Name, Seeds: x.Seeds, DurationS: s.Duration, Results: results}, err
}
