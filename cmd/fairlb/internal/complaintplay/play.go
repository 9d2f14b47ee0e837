// Package complaintplay plays the scenarios of complaints about load balancers (package
// eval/complaints) under targets, simulated or live, and has them judged.
package complaintplay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/parallel"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/eval/complaints"
	"fairlb/eval/episodes"
)

// Config is what is played.
type Config struct {
	Complaints []complaints.Complaint
	Targets    []string // names; see Simulated for those of the simulator
	Seeds      []uint64
	Set        []string // overrides of every scenario

	// Open makes a target of a name in a scenario.
	Open func(s scenario.Scenario, name string) (target.Target, error)
	// Offenders says that the rule that is complained of is simulated beside each complaint's
	// targets.
	Offenders bool
	Workers   int // episodes at a time
	Display   progress.Display
}

// Verdict is what came of one target in the scenario of one complaint.
type Verdict struct {
	Complaint string   `json:"complaint"`
	Target    string   `json:"target"`
	Offender  bool     `json:"offender,omitempty"` // it is the rule that is complained of
	Figures   []Figure `json:"figures"`
	Episodes  int      `json:"episodes"`
	Passed    int      `json:"passed"` // episodes in which every figure is within its limit
	Pass      bool     `json:"pass"`   // it is in all of them
	// NotPlayed says why there are no figures: a policy is of another number of servers.
	NotPlayed string `json:"not_played,omitempty"`
}

// Figure is a figure of a criterion, the worst of all episodes.
type Figure struct {
	What    string   `json:"what"`
	Unit    string   `json:"unit,omitempty"`
	Value   *float64 `json:"value"` // none: never, or the episode does not say
	Limit   float64  `json:"limit"`
	AtLeast bool     `json:"at_least,omitempty"`
	Holds   bool     `json:"holds"`
}

// game is one complaint under one target.
type game struct {
	complaint  *complaints.Complaint
	scenario   scenario.Scenario
	target     target.Target
	offender   bool
	notPlayed  error
	references [][]env.Outcome       // by seed, of the complaint
	figures    [][]complaints.Figure // by seed
}

// Play plays every complaint under every target and, where the configuration says so, under
// the rule that is complained of. Verdicts are in the order of complaints, then of targets.
func Play(ctx context.Context, cfg Config) ([]Verdict, error) {
	games, err := cfg.games()
	if err != nil {
		return nil, err
	}
	if err := cfg.playReferences(ctx, games); err != nil {
		return nil, err
	}
	bar := cfg.Display.Bar("playing", len(games)*len(cfg.Seeds))
	defer bar.Close()
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(max(1, cfg.Workers))
	var done atomic.Int64
	for k := range games {
		g := &games[k]
		g.figures = make([][]complaints.Figure, len(cfg.Seeds))
		for i, seed := range cfg.Seeds {
			if g.notPlayed != nil {
				continue
			}
			group.Go(func() error {
				outcomes, err := play(ctx, &g.target, seed)
				if err != nil {
					return fmt.Errorf("complaint %s, target %s, seed %d: %w", g.complaint.Name, g.target.Name, seed, err)
				}
				run, err := newRun(g.scenario, outcomes)
				if err != nil {
					return err
				}
				if g.references != nil {
					run.Reference = g.references[i]
				}
				g.figures[i] = g.complaint.Judge(run)
				bar.Set(int(done.Add(1)), "")
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var verdicts []Verdict
	for k := range games {
		verdicts = append(verdicts, games[k].verdict())
	}
	return verdicts, nil
}

// games lists what is to be played. A target that fits no complaint is an error.
func (cfg *Config) games() ([]game, error) {
	var games []game
	misfits := map[string][]error{}
	for k := range cfg.Complaints {
		c := &cfg.Complaints[k]
		s, err := scenario.Load("complaint/"+c.Name, cfg.Set)
		if err != nil {
			return nil, err
		}
		for _, name := range cfg.Targets {
			t, err := cfg.Open(s, name)
			if err != nil {
				misfits[name] = append(misfits[name], err)
				t.Name = name
			}
			games = append(games, game{complaint: c, scenario: s, target: t, notPlayed: err})
		}
		if cfg.Offenders {
			games = append(games, game{complaint: c, scenario: s, offender: true, target: ruled(s, c.Offender.Name, c.Offender.New, configured)})
		}
	}
	var faults []error
	for _, name := range cfg.Targets {
		if len(misfits[name]) == len(cfg.Complaints) {
			faults = append(faults, misfits[name][0])
		}
	}
	return games, errors.Join(faults...)
}

// playReferences simulates what complaints are compared to.
func (cfg *Config) playReferences(ctx context.Context, games []game) error {
	of := map[string][][]env.Outcome{}
	for k := range games {
		g := &games[k]
		c := g.complaint
		if c.Reference == nil {
			continue
		}
		if of[c.Name] == nil {
			t := ruled(g.scenario, c.Reference.Name, c.Reference.New, actual)
			for _, seed := range cfg.Seeds {
				outcomes, err := play(ctx, &t, seed)
				if err != nil {
					return fmt.Errorf("complaint %s, %s, seed %d: %w", c.Name, t.Name, seed, err)
				}
				of[c.Name] = append(of[c.Name], outcomes)
			}
		}
		g.references = of[c.Name]
	}
	return nil
}

// recorder keeps outcomes.
type recorder []env.Outcome

// Record implements env.Recorder.
func (r *recorder) Record(o env.Outcome) { *r = append(*r, o) }

// play plays an episode and returns what became of its requests.
func play(ctx context.Context, t *target.Target, seed uint64) ([]env.Outcome, error) {
	var r recorder
	err := t.Play(ctx, seed, &r, nil)
	return r, err
}

// newRun is an episode of a scenario as it is judged.
func newRun(s scenario.Scenario, outcomes []env.Outcome) (*complaints.Run, error) {
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	return &complaints.Run{Servers: cfg.Servers, Changes: cfg.Changes, Duration: cfg.Duration, Outcomes: outcomes}, nil
}

// capacities says what rules are told of servers.
type capacities int

const (
	configured capacities = iota // their processors
	actual                       // and at what speed these run at first
)

// ruled is a rule as a target of the simulator.
func ruled(s scenario.Scenario, name string, rule func(dispatch.Options) (dispatch.Rule, error), told capacities) target.Target {
	open := simulate.Open(s, func(cfg *sim.Config) {
		var list []float64
		for _, server := range cfg.Servers {
			capacity := float64(server.CPUs)
			if told == actual {
				capacity *= server.Speed
			}
			list = append(list, capacity)
		}
		lbs, ties := cfg.LBs, cfg.Ties
		cfg.Rule = func(lb int) (dispatch.Rule, error) {
			return rule(dispatch.Options{Capacity: list, LB: lb, LBs: lbs, Ties: ties})
		}
		cfg.Ties = 0
	})
	return target.Target{Target: episodes.Target{Name: name, Env: open.Recorded()}, Open: open}
}

// verdict sums up the episodes.
func (g *game) verdict() Verdict {
	v := Verdict{Complaint: g.complaint.Name, Target: g.target.Name, Offender: g.offender}
	if g.notPlayed != nil {
		v.NotPlayed = g.notPlayed.Error()
		return v
	}
	worst := slices.Clone(g.figures[0])
	for _, list := range g.figures {
		v.Episodes++
		if !slices.ContainsFunc(list, func(f complaints.Figure) bool { return !f.Holds() }) {
			v.Passed++
		}
		for k, f := range list {
			if f.Worse(worst[k]) {
				worst[k] = f
			}
		}
	}
	v.Pass = v.Passed == v.Episodes
	for _, f := range worst {
		shown := Figure{What: f.What, Unit: f.Unit, Limit: f.Limit, AtLeast: f.AtLeast, Holds: f.Holds()}
		if !math.IsNaN(f.Value) && !math.IsInf(f.Value, 0) {
			shown.Value = &f.Value
		}
		v.Figures = append(v.Figures, shown)
	}
	return v
}
