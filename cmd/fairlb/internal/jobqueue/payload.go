package jobqueue

import (
	"fmt"

	"fairlb/agents/nn/simd"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
)

// payloadFormat is the version of the payloads below.
const payloadFormat = 2

// Version is what a worker must be to do the jobs of this program: the same
// executable, for a version alone does not tell builds apart. How matrices are
// multiplied is part of it: results depend on that.
func Version() string {
	return fmt.Sprintf("%s, jobs %d, %s", record.Program(), payloadFormat, simd.Name())
}

// trainPayload is a training run: settings files, resolved, as text. The scenario
// that the hyperparameters name is where they come from, for the record: nobody
// opens it, and what is trained in is the other text.
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
	Name     string    `json:"name"`              // of a heuristic or a method
	Title    string    `json:"title"`             // what the report calls a policy
	Run      string    `json:"run,omitempty"`     // the key of the training
	Policy   string    `json:"policy,omitempty"`  // the hash of the run's checkpoint
	Weights  []float64 `json:"weights,omitempty"` // by group of servers
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
	if len(s.Traces()) > 0 {
		return "", invalid.Errorf("scenario %s reads a trace file, which the jobs of a queue do not carry: run without --queue", s.Name)
	}
	return settingsText(s)
}

// readScenario reads a scenario that scenarioText wrote, or that is in a bundle.
// One that names a file is refused: what a worker reads, others may see in its
// errors.
func readScenario(text string) (scenario.Scenario, error) {
	s := scenario.Default()
	if err := settings.Load(runfolder.ScenarioName, []byte(text), nil, &s); err != nil {
		return s, err
	}
	if len(s.Traces()) > 0 {
		return s, invalid.Errorf("the scenario names a file, which no job may")
	}
	return s, nil
}
