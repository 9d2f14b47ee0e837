// Package fixedweights searches the best fixed weights of a scenario, one a
// group of equal servers, for the target "tuned": what could be had without
// learning if the pool were known and never changed. The search itself is
// package tune's; here it meets a scenario, on training episodes.
package fixedweights

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/eval/tune"
	"fairlb/train"
)

// TargetName is the name under which the best fixed weights are evaluated.
const TargetName = "tuned"

// Settings are how fixed weights are searched. The default budget is seconds in
// the moderate scenarios, and about a minute in the large ones.
type Settings struct {
	Run            uint64  `yaml:"run"`      // whose training episodes they are
	Episodes       int     `yaml:"episodes"` // each of the scenario's own duration; 0: by the requests of one
	FirstStep      float64 `yaml:"first_step"`
	LastStep       float64 `yaml:"last_step"`
	MaxEvaluations int     `yaml:"max_evaluations"`
	Tolerance      float64 `yaml:"tolerance"` // of the ranges; 0: none are wanted
}

// DefaultSettings are those of the target tuned.
func DefaultSettings() Settings {
	return Settings{FirstStep: 0.4, LastStep: 0.025, MaxEvaluations: 400}
}

// The episodes of a search hold as many requests as this, but are never fewer
// or more than these.
const (
	requestsOfSearch = 150000
	minEpisodes      = 64
	maxEpisodes      = 256
)

// Resolved sets the number of episodes where it is open, by the requests of the
// first one.
func (x Settings) Resolved(ctx context.Context, s scenario.Scenario) (Settings, error) {
	if x.Episodes > 0 {
		return x, nil
	}
	if err := checkSize(SearchScenario(s), minEpisodes, x.MaxEvaluations); err != nil {
		return x, err
	}
	demands, err := simulate.Demands(ctx, SearchScenario(s), train.EpisodeSeed(x.Run, 0))
	x.Episodes = min(max(requestsOfSearch/max(1, len(demands)), minEpisodes), maxEpisodes)
	return x, err
}

// SearchScenario returns a scenario as the search meets it: episodes begin
// anywhere in a trace, or are made of blocks of it, as those of training are.
func SearchScenario(s scenario.Scenario) scenario.Scenario {
	if s.Workload.Trace != "" && s.Workload.Window != "blocks" {
		s.Workload.Window = "random"
	}
	return s
}

// Found is the fixed weights that a search has found, one a group of servers.
type Found struct {
	tune.Result
	Scenario scenario.Scenario // as it was searched
	Settings Settings          // resolved
}

// Search finds the best fixed weights of a scenario on training episodes.
func Search(ctx context.Context, s scenario.Scenario, x Settings, display progress.Display) (Found, error) {
	x, err := x.Resolved(ctx, s)
	if err != nil {
		return Found{}, err
	}
	s = SearchScenario(s)
	if err := checkSize(s, x.Episodes, x.MaxEvaluations); err != nil {
		return Found{}, err
	}
	bar := display.Bar("searching fixed weights", -1)
	defer bar.Close()
	cfg := tune.Config{
		Env: func(weights []float64, rec env.Recorder) (env.Env, error) {
			return simulate.FixedWeights(s, weights)(rec, nil)
		},
		MaxLogWeight: s.MaxLogWeight, FirstStep: x.FirstStep, LastStep: x.LastStep,
		MaxEvaluations: x.MaxEvaluations, Tolerance: x.Tolerance,
		Progress: func(n int) { bar.Set(n, "") },
	}
	equal, processors := []float64{}, []float64{}
	for _, g := range s.Servers {
		cfg.Counts = append(cfg.Counts, g.Count)
		equal, processors = append(equal, 1), append(processors, float64(g.CPUs))
	}
	cfg.Starts = [][]float64{equal, processors}
	for k := range x.Episodes {
		cfg.Seeds = append(cfg.Seeds, train.EpisodeSeed(x.Run, k))
	}
	r, err := tune.Search(ctx, cfg)
	return Found{r, s, x}, err
}

// checkSize compares what a search takes with the limits.
func checkSize(s scenario.Scenario, episodes, evaluations int) error {
	return bounds.Episodes(s, false, "evaluations of the search", float64(episodes)*float64(evaluations), runtime.GOMAXPROCS(0))
}

// Write writes what was found in the form in which Read reads it: JSON with its sum
// (files.AddSum).
func (f *Found) Write(w io.Writer) error {
	var object bytes.Buffer
	e := json.NewEncoder(&object)
	e.SetIndent("", "  ")
	if err := e.Encode(f.Result); err != nil {
		return err
	}
	_, err := w.Write(files.AddSum(object.Bytes()))
	return err
}

// Read reads what a search by resolved settings has found in a scenario, and
// checks that it fits them.
func Read(data []byte, s scenario.Scenario, x Settings) (Found, error) {
	f := Found{Scenario: SearchScenario(s), Settings: x}
	err := json.Unmarshal(data, &f.Result)
	if err == nil {
		err = f.check()
	}
	if err == nil {
		err = files.CheckSum(data)
	}
	if err != nil {
		return Found{}, fmt.Errorf("is not the record of a search of weights (%w)", err)
	}
	return f, nil
}

// check reports a result that no search in the scenario comes to.
func (f *Found) check() error {
	groups := len(f.Scenario.Servers)
	points := append([]tune.Point{f.Best}, f.Starts...)
	if len(f.Starts) != 2 {
		return fmt.Errorf("%d starts: must be 2", len(f.Starts))
	}
	for _, p := range points {
		if len(p.Weights) != groups {
			return fmt.Errorf("%d weights for %d groups of servers", len(p.Weights), groups)
		}
		for _, w := range append([]float64{p.Mean}, p.Weights...) {
			if !(w > 0) || math.IsInf(w, 0) {
				return fmt.Errorf("a weight or a mean of %g: must be positive", w)
			}
		}
	}
	if f.Settings.Tolerance > 0 && len(f.Ranges) != groups {
		return fmt.Errorf("%d ranges for %d groups of servers", len(f.Ranges), groups)
	}
	for _, r := range f.Ranges {
		if !(r.Low > 0 && r.Low <= r.High) || math.IsInf(r.High, 0) {
			return fmt.Errorf("a range from %g to %g", r.Low, r.High)
		}
	}
	return nil
}

// ByServer returns the weights, one a server.
func (f *Found) ByServer() []float64 {
	return tune.PerServer(f.Best.Weights, simulate.GroupSizes(f.Scenario))
}

// Note says what the weights are and where they come from.
func (f *Found) Note() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tuned: fixed weights %s", ratio(f.Best.Weights))
	var groups []string
	for _, g := range f.Scenario.Servers {
		groups = append(groups, fmt.Sprintf("%d x %d CPU", g.Count, g.CPUs))
	}
	fmt.Fprintf(&b, " (%s), found on %d training episodes of %g s", strings.Join(groups, ", "), f.Settings.Episodes, f.Scenario.Duration)
	switch w := f.Scenario.Workload; {
	case w.Trace != "" && w.Window == "blocks":
		b.WriteString(" of blocks of the trace")
	case w.Trace != "":
		b.WriteString(" that begin anywhere in the trace")
	}
	fmt.Fprintf(&b, ", where their mean is %.4g s, that of equal weights %.4g s and of weights by processors %.4g s; %d evaluations",
		f.Best.Mean, f.Starts[0].Mean, f.Starts[1].Mean, f.Evaluations)
	return b.String()
}

// Warnings are doubts about the weights.
func (f *Found) Warnings() []string {
	if f.Converged {
		return nil
	}
	return []string{fmt.Sprintf("tuned: the search had not converged when its %d evaluations were spent", f.Evaluations)}
}

// ratio writes weights over the first one: 1 : 1.5.
func ratio(weights []float64) string {
	var parts []string
	for _, w := range weights {
		parts = append(parts, fmt.Sprintf("%.4g", w/weights[0]))
	}
	return strings.Join(parts, " : ")
}
