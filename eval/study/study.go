package study

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fairlb/env/settings"
	"fairlb/eval"
)

// Study is a study file.
type Study struct {
	Name            string     `yaml:"name"`             // of the study
	TrainingSeeds   string     `yaml:"training_seeds"`   // of the runs of each method, such as 1-5
	EvaluationSeeds string     `yaml:"evaluation_seeds"` // held out: none that a recipe was chosen on
	Duration        float64    `yaml:"duration"`         // s of arrivals in an evaluation
	Heuristics      []string   `yaml:"heuristics"`       // evaluated beside the methods; tuned is the best fixed weights
	Methods         []Method   `yaml:"methods"`          // what is trained
	Scenarios       []Scenario `yaml:"scenarios"`        // what it is trained and evaluated on
	Bars            []Bar      `yaml:"bars,omitempty"`   // what the best of each family must reach
}

// Method is one recipe that is trained.
type Method struct {
	Name   string   `yaml:"name"`          // in the report
	Recipe string   `yaml:"recipe"`        // hyperparameter file; a relative path begins at the study file's folder
	Family string   `yaml:"family"`        // a bar is for the best method of each family
	Set    []string `yaml:"set,omitempty"` // path=value, put into the hyperparameters
}

// Scenario is what methods are evaluated on and, but for Train, trained on.
type Scenario struct {
	Name     string   `yaml:"name"`                // in the report, without slashes and spaces
	Scenario string   `yaml:"scenario"`            // built-in name or file
	Set      []string `yaml:"set,omitempty"`       // path=value, put into the scenario
	Train    string   `yaml:"train,omitempty"`     // another scenario to train on, as it is
	TrainSet []string `yaml:"train_set,omitempty"` // path=value, put into the hyperparameters of every method
}

// Bar is what the best method of each family must reach.
type Bar struct {
	Scenario string  `yaml:"scenario"` // its name in the study
	AtMost   float64 `yaml:"at_most"`  // of the ratio of mean completion times
	Of       string  `yaml:"of"`       // the heuristic that the ratio is to
}

var _ settings.Validator = (*Study)(nil)

// Load reads a study file, given as its name and contents. Every fault is
// reported by line, column, value and rule.
func Load(name string, data []byte) (Study, error) {
	s := Default()
	return s, settings.Load(name, data, nil, &s)
}

// Default returns what a study file need not say.
func Default() Study {
	return Study{Duration: 300, Heuristics: []string{"wcmp", "lsq", "sed", "oracle"}}
}

// Validate implements settings.Validator.
func (s *Study) Validate(report func(path string, value any, rule string)) {
	want := func(ok bool, path string, value any, rule string) {
		if !ok {
			report(path, value, rule)
		}
	}
	want(s.Name != "", "name", s.Name, "must not be empty")
	for path, seeds := range map[string]string{"training_seeds": s.TrainingSeeds, "evaluation_seeds": s.EvaluationSeeds} {
		if _, err := eval.ParseSeeds(seeds); err != nil {
			report(path, seeds, "must list seeds, such as 1-5,9")
		}
	}
	want(s.Duration > 0 && !math.IsInf(s.Duration, 0), "duration", s.Duration, "must be positive and finite")
	distinct := func(path string, names []string) {
		for k, name := range names {
			want(!slices.Contains(names[:k], name), fmt.Sprintf(path, k), name, "must not come twice")
		}
	}
	want(slices.Contains(s.Heuristics, Baseline), "heuristics", s.Heuristics, "must have "+Baseline+" among them")
	distinct("heuristics[%d]", s.Heuristics)
	want(len(s.Methods) > 0, "methods", len(s.Methods), "must be at least one")
	var names []string
	for k, m := range s.Methods {
		names = append(names, m.Name)
		path := fmt.Sprintf("methods[%d].", k)
		want(m.Name != "" && !slices.Contains(s.Heuristics, m.Name), path+"name", m.Name, "must be a name that no heuristic has")
		want(m.Recipe != "", path+"recipe", m.Recipe, "must be a hyperparameter file")
		want(m.Family != "", path+"family", m.Family, "must not be empty")
	}
	distinct("methods[%d].name", names)
	want(len(s.Scenarios) > 0, "scenarios", len(s.Scenarios), "must be at least one")
	names = nil
	for k, c := range s.Scenarios {
		names = append(names, c.Name)
		path := fmt.Sprintf("scenarios[%d].", k)
		want(c.Name != "" && !strings.ContainsAny(c.Name, "/\\ "), path+"name", c.Name, "must be a name without slashes and spaces")
		want(c.Scenario != "", path+"scenario", c.Scenario, "must be a scenario")
		for m, override := range c.TrainSet {
			want(!strings.HasPrefix(override, "scenario"), fmt.Sprintf("%strain_set[%d]", path, m), override, "must not change the scenario: name another one by train")
		}
	}
	distinct("scenarios[%d].name", names)
	for k, b := range s.Bars {
		path := fmt.Sprintf("bars[%d].", k)
		want(slices.Contains(names, b.Scenario), path+"scenario", b.Scenario, "must be the name of a scenario of the study")
		want(b.AtMost > 0 && !math.IsInf(b.AtMost, 0), path+"at_most", b.AtMost, "must be positive and finite")
		want(slices.Contains(s.Heuristics, b.Of), path+"of", b.Of, "must be one of the study's heuristics")
	}
}

// Families lists the methods' families, in the order of their first methods.
func (s *Study) Families() []string {
	var list []string
	for _, m := range s.Methods {
		if !slices.Contains(list, m.Family) {
			list = append(list, m.Family)
		}
	}
	return list
}
