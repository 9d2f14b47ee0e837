package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"fairlb/env/settings"
	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// Entry is a built-in scenario's name and one line about it.
type Entry struct {
	Name, Summary string
}

// List returns the built-in scenarios.
func List() []Entry {
	var list []Entry
	for _, b := range builtins() {
		list = append(list, Entry{b.name, b.summary})
	}
	return list
}

// Load returns the built-in scenario of the given name, or the scenario in the
// file of that path, after the overrides (path=value) and checked. A file does
// not start from a built-in scenario: what it leaves out has the value that
// Default gives it, which is zero for most fields. An override that gives a trace
// replaces the arrivals of the scenario; others beside it are a fault.
func Load(nameOrFile string, overrides []string) (Scenario, error) {
	overrides = replaced(overrides)
	available := builtins()
	if family, number, ok := RandomFamily(nameOrFile); ok {
		available = []builtin{{name: nameOrFile, make: func() Scenario { return drawRandom(family, number) }}}
	}
	for _, b := range available {
		if b.name == nameOrFile {
			s := b.make()
			s.Name = b.name
			err := settings.Load(b.name, nil, overrides, &s)
			return s, err
		}
	}
	data, err := settings.ReadFile(nameOrFile)
	if errors.Is(err, fs.ErrNotExist) && !strings.HasSuffix(nameOrFile, ".yaml") && !strings.HasSuffix(nameOrFile, ".yml") {
		return Scenario{}, fmt.Errorf("scenario %q: neither a file nor a built-in scenario (fairlb scenarios lists them%s)", nameOrFile, suggestion(nameOrFile))
	}
	if err != nil {
		return Scenario{}, fmt.Errorf("scenario: %w", err)
	}
	s := Default()
	if err := settings.Load(nameOrFile, data, overrides, &s); err != nil {
		return Scenario{}, err
	}
	if s.Name == "" {
		s.Name = nameOrFile
	}
	return s, nil
}

// Default returns the values of what a scenario file leaves out: two LBs, and
// the timing, latency, backlog and timeout of the simulation of Table 9.
func Default() Scenario {
	return Scenario{
		LBs:          2,
		CPU:          CPU{Discipline: "fifo", Backlog: 64},
		Latency:      Latency{0.0001, 0.001},
		Timeout:      40,
		StepInterval: 0.5,
		Duration:     60,
		MaxLogWeight: 1.5,
	}
}

// LoadStored returns the scenario of a file that the program wrote. Unlike Load it
// reads what older programs stored: arrivals beside a trace, which replaced them.
func LoadStored(path string) (Scenario, error) {
	data, err := settings.ReadFile(path)
	if err != nil {
		return Scenario{}, fmt.Errorf("scenario: %w", err)
	}
	type unruled Scenario
	s := unruled(Default())
	if err := settings.Load(path, data, nil, &s); err != nil || s.Workload.Trace == "" {
		return Load(path, nil)
	}
	if _, err := Load(path, withoutArrivals()); err != nil {
		return Scenario{}, err
	}
	if s.Name == "" {
		s.Name = path
	}
	return Scenario(s), nil
}

// withoutArrivals are the overrides that leave out every field of the arrivals.
func withoutArrivals() []string {
	var list []string
	for _, field := range []string{"rate", "rate_max", "load", "burst_factor", "burst_mean", "calm_mean", "gap_cv"} {
		list = append(list, "workload.arrivals."+field+"=0")
	}
	return append(list, "workload.arrivals.mmpp=null", "workload.arrivals.profile=null")
}

// replaced returns the overrides, before which the arrivals are left out if one of
// them puts a trace in their place.
func replaced(overrides []string) []string {
	for _, o := range overrides {
		if value, ok := strings.CutPrefix(o, "workload.trace="); ok && value != "" {
			return append(withoutArrivals(), overrides...)
		}
	}
	return overrides
}

// suggestion is what a message about a name that there is not says of the
// built-in scenario that it is near to, if there is one.
func suggestion(name string) string {
	var names []string
	for _, e := range List() {
		names = append(names, e.Name)
	}
	if near := settings.Nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// ClassNames returns the names of the workload's classes, in order.
func (s *Scenario) ClassNames() []string {
	var names []string
	for _, c := range s.Workload.Classes {
		names = append(names, c.Name)
	}
	return names
}

// Config returns the configuration of the simulation that the scenario
// describes; the scenario must have been checked. The caller adds what steers
// the simulation (the name of a heuristic, or a reward for agents) and what
// records it.
func (s *Scenario) Config() (sim.Config, error) {
	cfg := sim.Config{
		Config:           station.Config{Processors: s.CPU.processors(), Workers: s.CPU.Workers, Backlog: s.CPU.Backlog, Prefork: s.CPU.Prefork},
		LBs:              s.LBs,
		CountEstablished: s.Counting == "established", UnseenRefusals: s.Refusals == "unseen", SYNRetries: s.SYNRetries,
		CarryCounts: s.Reports.Carried, TellEvery: s.Reports.Every, ClassesSeen: s.ClassesSeen,
		LatencyLow: s.Latency.Low, LatencyHigh: s.Latency.High, Timeout: s.Timeout,
		Duration: s.Duration, StepInterval: s.StepInterval, MaxLogWeight: s.MaxLogWeight,
	}
	if s.CPU.Discipline == "processor-sharing" {
		cfg.CPU = station.ProcessorSharing
	}
	for _, g := range s.Servers {
		for range g.Count {
			cfg.Servers = append(cfg.Servers, station.Server{CPUs: g.CPUs, Speed: g.Speed})
		}
	}
	var err error
	if cfg.Ties, err = s.ties(); err != nil {
		return sim.Config{}, fmt.Errorf("scenario %s: ties: %w", s.Name, err)
	}
	cfg.Shares, cfg.Detection, cfg.Changes, cfg.Random = s.Shares, s.Detection, s.changes(), s.randomChanges()

	for _, c := range s.Workload.Classes {
		class := workload.Class{Name: c.Name, Share: c.Share, Paths: c.Paths}
		for _, x := range c.Stages {
			law, err := x.law(s.Workload.SecondsPerN)
			if err != nil {
				return sim.Config{}, fmt.Errorf("scenario %s: class %s: %w", s.Name, c.Name, err)
			}
			resource := workload.CPU
			if x.Resource == "io" {
				resource = workload.IO
			}
			class.Stages = append(class.Stages, workload.Stage{Resource: resource, Law: law})
		}
		cfg.Classes = append(cfg.Classes, class)
	}
	cfg.Workload, err = s.source(cfg.Classes)
	return cfg, err
}

// source returns the function that opens the workload of an episode, given the
// episode's seed: a trace file's requests, or random ones.
func (s *Scenario) source(classes []workload.Class) (func(uint64) (workload.Source, error), error) {
	shares := s.Shares
	if len(shares) == 0 {
		for range s.LBs {
			shares = append(shares, 1/float64(s.LBs))
		}
	}
	if w := s.Workload; w.Trace != "" {
		replay := workload.NewReplay(workload.Recording{
			Path: w.Trace, SecondsPerN: w.SecondsPerN, Classes: classes, Shares: shares,
			Window: w.window(), Block: w.Block, Repeat: w.Repeat, SpeedUp: w.SpeedUp, RateFactor: w.RateFactor,
		})
		return func(seed uint64) (workload.Source, error) { return replay.Open(seed) }, nil
	}
	arrivals, err := s.Workload.Arrivals.process(s.Rate())
	if err != nil {
		return nil, fmt.Errorf("scenario %s: arrivals: %w", s.Name, err)
	}
	return func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(arrivals, classes, shares, seed), nil
	}, nil
}
