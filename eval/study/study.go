package study

import (
	"fmt"
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
	Name   string   `yaml:"name"`           // in the report
	Recipe string   `yaml:"recipe"`         // hyperparameter file, whose path begins at the study file's folder, or the name of a shipped recipe, such as es
	Family string   `yaml:"family"`         // a bar is for the best method of each family
	Set    []string `yaml:"set,omitempty"`  // path=value, put into the hyperparameters
	Once   bool     `yaml:"once,omitempty"` // trained once a seed, in its recipe's own scenario, and evaluated in all: for a policy that serves any pool
}

// Scenario is what methods are evaluated on and, but for Train, trained on.
type Scenario struct {
	Name     string   `yaml:"name"`                // in the report, without slashes and spaces
	Scenario string   `yaml:"scenario"`            // built-in name, or file, whose path begins at the study file's folder
	Set      []string `yaml:"set,omitempty"`       // path=value, put into the scenario; the path of a trace begins at the study file's folder
	Train    string   `yaml:"train,omitempty"`     // another scenario, named in the same way, to train on, as it is
	TrainSet []string `yaml:"train_set,omitempty"` // path=value, put into the hyperparameters of every method
}

// Bar is what the best method of each family must reach.
type Bar struct {
	Scenario string  `yaml:"scenario"` // its name in the study
	AtMost   float64 `yaml:"at_most"`  // of the ratio of mean completion times
	Of       string  `yaml:"of"`       // the heuristic that the ratio is to
}

var _ settings.Ruled = (*Study)(nil)

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

// Rules implements settings.Ruled.
func (s *Study) Rules(r *settings.Rules) {
	r.Check("name", s.Name, settings.NotEmpty())
	for _, seeds := range []struct{ field, value string }{{"training_seeds", s.TrainingSeeds}, {"evaluation_seeds", s.EvaluationSeeds}} {
		_, err := eval.ParseSeeds(seeds.value)
		r.Require(err == nil, seeds.field, seeds.value, "must list seeds, such as 1-5,9")
	}
	r.Check("duration", s.Duration, settings.Positive())
	distinct := func(path string, names []string) {
		for k, name := range names {
			r.Require(!slices.Contains(names[:k], name), fmt.Sprintf(path, k), name, "must not come twice")
		}
	}
	r.Require(slices.Contains(s.Heuristics, Baseline), "heuristics", s.Heuristics, "must have "+Baseline+" among them")
	distinct("heuristics[%d]", s.Heuristics)
	r.Check("methods", s.Methods, settings.Elements(0))
	var names []string
	settings.Each(r, "methods", s.Methods, func(r *settings.Rules, _ int, m *Method) {
		names = append(names, m.Name)
		r.Check("name", m.Name, settings.NotEmpty().Saying("must be a name that no heuristic has"))
		r.Require(!slices.Contains(s.Heuristics, m.Name), "name", m.Name, "must be a name that no heuristic has")
		r.Check("recipe", m.Recipe, settings.NotEmpty().Saying("must be a hyperparameter file or a shipped recipe's name"))
		r.Check("family", m.Family, settings.NotEmpty())
	})
	distinct("methods[%d].name", names)
	r.Check("scenarios", s.Scenarios, settings.Elements(0))
	names = nil
	settings.Each(r, "scenarios", s.Scenarios, func(r *settings.Rules, _ int, c *Scenario) {
		names = append(names, c.Name)
		r.Check("name", c.Name, settings.NotEmpty().Saying("must be a name without slashes and spaces"))
		r.Require(!strings.ContainsAny(c.Name, "/\\ "), "name", c.Name, "must be a name without slashes and spaces")
		r.Check("scenario", c.Scenario, settings.NotEmpty().Saying("must be a scenario"))
		for m, override := range c.TrainSet {
			r.Require(!strings.HasPrefix(override, "scenario"), fmt.Sprintf("train_set[%d]", m), override, "must not change the scenario: name another one by train")
		}
	})
	distinct("scenarios[%d].name", names)
	settings.Each(r, "bars", s.Bars, func(r *settings.Rules, _ int, b *Bar) {
		r.Require(slices.Contains(names, b.Scenario), "scenario", b.Scenario, "must be the name of a scenario of the study")
		r.Check("at_most", b.AtMost, settings.Positive())
		r.Require(slices.Contains(s.Heuristics, b.Of), "of", b.Of, "must be one of the study's heuristics")
	})
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
