package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/env/sim"
	"fairlb/eval/episodes"
	"fairlb/eval/tune"
	"fairlb/train"
)

// tunedName is the target of the best fixed weights.
const tunedName = "tuned"

// searchSettings are how the target tuned is searched. The budget is seconds
// in the moderate scenarios, and about a minute in the large ones.
type searchSettings struct {
	Run            uint64  `yaml:"run"`      // whose training episodes they are
	Episodes       int     `yaml:"episodes"` // each of the scenario's own duration; 0: by the requests of one
	FirstStep      float64 `yaml:"first_step"`
	LastStep       float64 `yaml:"last_step"`
	MaxEvaluations int     `yaml:"max_evaluations"`
	Tolerance      float64 `yaml:"tolerance"` // of the ranges; 0: none are wanted
}

func defaultSearch() searchSettings {
	return searchSettings{FirstStep: 0.4, LastStep: 0.025, MaxEvaluations: 400}
}

// The episodes of a search hold as many requests as this, but are never fewer
// or more than these.
const (
	searchRequests   = 150000
	fewestEpisodes   = 64
	greatestEpisodes = 256
)

// resolved sets the number of episodes where it is open, by the requests of the
// first one.
func (x searchSettings) resolved(s scenario.Scenario) (searchSettings, error) {
	if x.Episodes > 0 {
		return x, nil
	}
	work, err := demands(s, train.EpisodeSeed(x.Run, 0))
	x.Episodes = min(max(searchRequests/max(1, len(work)), fewestEpisodes), greatestEpisodes)
	return x, err
}

// tuned is fixed weights that a search has found.
type tuned struct {
	tune.Result
	scenario scenario.Scenario // that was searched
	search   searchSettings
}

// fixedEnv returns what opens a scenario under fixed weights, one a server.
func fixedEnv(s scenario.Scenario, weights []float64) opener {
	return open(s, func(cfg *sim.Config) { cfg.Weights = weights })
}

// searched returns the scenario as the search meets it: episodes begin
// anywhere in a trace, as those of training do.
func searched(s scenario.Scenario) scenario.Scenario {
	if s.Workload.Trace != "" {
		s.Workload.Window = "random"
	}
	return s
}

// searchWeights finds the best fixed weights of a scenario on training
// episodes.
func (a *app) searchWeights(ctx context.Context, s scenario.Scenario, search searchSettings) (tuned, error) {
	s = searched(s)
	search, err := search.resolved(s)
	if err != nil {
		return tuned{}, err
	}
	bar := a.newBar("searching fixed weights", -1)
	defer bar.close()
	cfg := tune.Config{
		Env: func(weights []float64, rec env.Recorder) (env.Env, error) {
			return fixedEnv(s, weights)(rec, nil)
		},
		MaxLogWeight: s.MaxLogWeight, FirstStep: search.FirstStep, LastStep: search.LastStep,
		MaxEvaluations: search.MaxEvaluations, Tolerance: search.Tolerance,
		Progress: func(n int) { bar.set(n, "") },
	}
	equal, processors := []float64{}, []float64{}
	for _, g := range s.Servers {
		cfg.Counts = append(cfg.Counts, g.Count)
		equal, processors = append(equal, 1), append(processors, float64(g.CPUs))
	}
	cfg.Starts = [][]float64{equal, processors}
	for k := range search.Episodes {
		cfg.Seeds = append(cfg.Seeds, train.EpisodeSeed(search.Run, k))
	}
	r, err := tune.Search(ctx, cfg)
	return tuned{r, s, search}, err
}

// keptWeights is searchWeights, but for a search whose result is in the
// folder already, in a file named by the hash of all that it depends on.
func (a *app) keptWeights(ctx context.Context, s scenario.Scenario, search searchSettings, dir string) (tuned, error) {
	search, err := search.resolved(searched(s))
	if err != nil {
		return tuned{}, err
	}
	file, err := searchFile(s, search, dir)
	if err != nil {
		return tuned{}, err
	}
	switch data, err := os.ReadFile(file); {
	case err == nil:
		kept := tuned{scenario: searched(s), search: search}
		if err := json.Unmarshal(data, &kept.Result); err != nil || len(kept.Best.Weights) != len(s.Servers) || search.Tolerance > 0 && len(kept.Ranges) != len(s.Servers) {
			return tuned{}, usage("%s: is not the record of a search of weights (%v); remove it", file, err)
		}
		return kept, nil
	case !errors.Is(err, fs.ErrNotExist):
		return tuned{}, err
	}
	found, err := a.searchWeights(ctx, s, search)
	if err != nil {
		return tuned{}, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return tuned{}, err
	}
	return found, writeFile(file, found.write)
}

// write writes what a search has found as the folder keeps it.
func (t *tuned) write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(t.Result)
}

// searchFile is where the result of a resolved search is kept.
func searchFile(s scenario.Scenario, search searchSettings, dir string) (string, error) {
	hash, err := settings.Hash(struct {
		Search   searchSettings    `yaml:"search"`
		Scenario scenario.Scenario `yaml:"scenario"`
	}{search, searched(s)})
	return filepath.Join(dir, fileName("tuned-"+s.Name)+"-"+hash[:min(12, len(hash))]+".json"), err
}

// keepsWeights says whether the result of a search is in the folder.
func keepsWeights(s scenario.Scenario, search searchSettings, dir string) (bool, error) {
	search, err := search.resolved(searched(s))
	if err != nil {
		return false, err
	}
	file, err := searchFile(s, search, dir)
	if err != nil {
		return false, err
	}
	_, missing := os.Stat(file)
	return missing == nil, nil
}

// fileName makes a scenario's name or the like one of a file.
func fileName(name string) string {
	return strings.NewReplacer("/", "-", "\\", "-", ".", "_").Replace(name)
}

// target is what is evaluated in a scenario, which may differ from that of the
// search in its duration.
func (t *tuned) target(s scenario.Scenario) target {
	byServer := tune.PerServer(t.Best.Weights, counts(s))
	out := target{Target: episodes.Target{Name: tunedName, Env: fixedEnv(s, byServer).plain()}, open: fixedEnv(s, byServer)}
	out.notes = append(out.notes, t.note())
	if !t.Converged {
		out.warnings = append(out.warnings, fmt.Sprintf("tuned: the search had not converged when its %d evaluations were spent", t.Evaluations))
	}
	return out
}

func counts(s scenario.Scenario) []int {
	var list []int
	for _, g := range s.Servers {
		list = append(list, g.Count)
	}
	return list
}

// note says what the weights are and where they come from.
func (t *tuned) note() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tuned: fixed weights %s", ratio(t.Best.Weights))
	var groups []string
	for _, g := range t.scenario.Servers {
		groups = append(groups, fmt.Sprintf("%d x %d CPU", g.Count, g.CPUs))
	}
	fmt.Fprintf(&b, " (%s), found on %d training episodes of %g s", strings.Join(groups, ", "), t.search.Episodes, t.scenario.Duration)
	if t.scenario.Workload.Trace != "" {
		b.WriteString(" that begin anywhere in the trace")
	}
	fmt.Fprintf(&b, ", where their mean is %.4g s, that of equal weights %.4g s and of weights by processors %.4g s; %d evaluations",
		t.Best.Mean, t.Starts[0].Mean, t.Starts[1].Mean, t.Evaluations)
	return b.String()
}

// ratio writes weights over the first one: 1 : 1.5.
func ratio(weights []float64) string {
	var parts []string
	for _, w := range weights {
		parts = append(parts, fmt.Sprintf("%.4g", w/weights[0]))
	}
	return strings.Join(parts, " : ")
}
