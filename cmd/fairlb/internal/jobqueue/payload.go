package jobqueue

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fairlb/agents/nn/simd"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
)

// payloadFormat is the version of the payloads below.
const payloadFormat = 1

// Version is what a worker must be to do the jobs of this program: the same
// executable, for a version alone does not tell builds apart. How matrices are
// multiplied is part of it: results depend on that.
func Version() string {
	return fmt.Sprintf("%s, jobs %d, %s", record.Program(), payloadFormat, simd.Name())
}

// trainPayload is a training run: settings files, resolved, as text.
type trainPayload struct {
	Hyperparameters string   `json:"hyper"`
	Scenario        string   `json:"scenario"`
	Command         []string `json:"command"` // of the run's record
}

func newTrainPayload(t *job.Training, dir string) (p trainPayload, err error) {
	p.Command = runfolder.CommandOf(dir)
	if p.Hyperparameters, err = settingsText(t.Hyperparameters); err != nil {
		return p, err
	}
	p.Scenario, err = scenarioText(t.Scenario)
	return p, err
}

// evalPayload is an evaluation of a heuristic or, with a run, of its policy or,
// with weights, of fixed ones.
type evalPayload struct {
	Scenario string    `json:"scenario"`
	Seeds    []uint64  `json:"seeds"`
	Name     string    `json:"name"`             // of a heuristic or a method
	Title    string    `json:"title"`            // what the report calls a policy
	Run      string    `json:"run,omitempty"`    // the key of the training
	Policy   string    `json:"policy,omitempty"` // the hash of the run's checkpoint
	Weights  []float64 `json:"weights,omitempty"`
}

func newEvalPayload(e *job.Evaluation) (p evalPayload, err error) {
	p = evalPayload{Seeds: e.Seeds, Name: e.Name, Title: e.Title, Weights: e.Weights}
	if e.Run != nil {
		p.Run, p.Policy = e.Run.QueueKey, e.Hash
	}
	p.Scenario, err = scenarioText(e.Scenario)
	return p, err
}

// searchPayload is a search of fixed weights.
type searchPayload struct {
	Scenario string `json:"scenario"`
	Search   string `json:"search"`
}

func newSearchPayload(x *job.Search) (p searchPayload, err error) {
	if p.Search, err = settingsText(x.Settings); err != nil {
		return p, err
	}
	p.Scenario, err = scenarioText(x.Scenario)
	return p, err
}

func settingsText(v any) (string, error) {
	text, err := settings.Marshal(v)
	return string(text), err
}

// scenarioText writes a scenario as a payload carries it. Scenarios that read
// files are refused, which no job carries.
func scenarioText(s scenario.Scenario) (string, error) {
	traces := []string{s.Workload.Trace}
	for _, c := range s.Workload.Classes {
		for _, stage := range c.Stages {
			traces = append(traces, stage.Trace)
		}
	}
	if strings.Join(traces, "") != "" {
		return "", invalid.Errorf("scenario %s reads a trace file, which the jobs of a queue do not carry: run without --queue", s.Name)
	}
	return settingsText(s)
}

// readScenario reads a scenario that scenarioText wrote, by way of a file in a
// folder for temporary files.
func readScenario(text, scratch string) (scenario.Scenario, error) {
	path := filepath.Join(scratch, runfolder.ScenarioName)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		return scenario.Scenario{}, err
	}
	return scenario.Load(path, nil)
}
