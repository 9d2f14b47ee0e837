// Package job names the three kinds of work that tables, studies and figures
// are made of: a training, an evaluation, and a search of fixed weights. Each
// knows its key, the hash of all that its result depends on; the key names the
// result in a folder (package store) and the job in a queue (package jobqueue),
// and is computed here alone.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/episodes"
	"fairlb/eval/tune"
	"fairlb/results/record"
	"fairlb/train"
)

// The kinds of jobs.
const (
	TrainKind  = "train"
	EvalKind   = "eval"
	SearchKind = "search" // of the best fixed weights
)

// nameDigits of a key are part of the name of a file or folder, and buildDigits
// of the build that made it (record.Build).
const (
	nameDigits  = 12
	buildDigits = 8
	buildMark   = "-b"
)

// Name is the name of a file or folder that keeps the result of a job. Builds of
// the program may compute differently, so that each has results of its own.
type Name struct{ base, ending string }

// Own is the name of the result of this build.
func (n Name) Own() string {
	build := record.Build()
	return n.base + buildMark + build[len(build)-buildDigits:] + n.ending
}

// IsOther says whether a name is that of the result of another build, or of a
// program of before builds were told apart.
func (n Name) IsOther(name string) bool {
	rest, found := strings.CutPrefix(name, n.base)
	if !found || name == n.Own() {
		return false
	}
	rest, found = strings.CutSuffix(rest, n.ending)
	return found && (rest == "" || strings.HasPrefix(rest, buildMark) && len(rest) == len(buildMark)+buildDigits)
}

// Training is a training run.
type Training struct {
	Hyperparameters train.Hyperparameters
	Scenario        scenario.Scenario // that the hyperparameters come to
	Title           string            // what people are told of it
	Live            bool              // on real traffic, in real time, and not in the simulator
}

// NewTraining returns the training of hyperparameters in the scenario that they
// name. It fails if that takes more than the limits allow.
func NewTraining(h train.Hyperparameters, title string) (Training, error) {
	s, err := runfolder.TrainingScenario(&h)
	if err == nil {
		err = bounds.Training(&h, s, 1)
	}
	return Training{Hyperparameters: h, Scenario: s, Title: title}, err
}

// Key is the hash of the hyperparameters, but for the settings of other
// methods, and of the content of the scenario that they come to.
func (t *Training) Key() (string, error) {
	h := t.Hyperparameters
	h.Scenario, h.ScenarioSet, h.EpisodeDuration = "", nil, 0 // t.Scenario is what they come to
	key, err := h.Key()
	if err != nil {
		return "", err
	}
	content, err := t.Scenario.ContentHash()
	if err != nil {
		return "", err
	}
	key, err = settings.Hash(struct {
		Hyperparameters string `yaml:"hyperparameters"`
		Scenario        string `yaml:"scenario"`
	}{key, content})
	if err != nil || !t.Live {
		return key, err
	}
	return liveKey(key)
}

// liveKey is the key of a job on real traffic, by that of the same in the simulator.
func liveKey(simulated string) (string, error) {
	return settings.Hash(struct {
		Live string `yaml:"live"`
	}{simulated})
}

// QueueKey names the job in a queue.
func (t *Training) QueueKey() (string, error) {
	key, err := t.Key()
	return TrainKind + "-" + key, err
}

// FolderName is the name of the run's folder.
func (t *Training) FolderName() (Name, error) {
	key, err := t.Key()
	return Name{runfolder.Name(&t.Hyperparameters) + livePart(t.Live) + "-" + key[:min(nameDigits, len(key))], ""}, err
}

// livePart is what the names of results on real traffic have.
func livePart(live bool) string {
	if live {
		return "-live"
	}
	return ""
}

// EvaluationTarget is what an evaluation evaluates.
type EvaluationTarget struct {
	Name   string // of the heuristic or the method
	Title  string // of a policy: what a report calls it
	Hash   string // of a policy's checkpoint, or of what else decides; empty for a heuristic
	Target episodes.Target
	Source target.Target // what Target is of: what can be had on real traffic, too; none of fixed weights

	Run     *Run      // of a policy
	Weights []float64 // of fixed weights, by group of servers
}

// Run is the training run that a policy comes from.
type Run struct {
	Dir      string
	QueueKey string
}

// Heuristic is a heuristic of package dispatch as the target of an evaluation.
func Heuristic(s scenario.Scenario, name string) EvaluationTarget {
	t := target.Heuristic(s, name)
	return EvaluationTarget{Name: name, Target: t.Target, Source: t}
}

// FixedWeights is the best fixed weights that a search has found, one a group of
// servers, as the target of an evaluation.
func FixedWeights(s scenario.Scenario, weights []float64) EvaluationTarget {
	return EvaluationTarget{
		Name: fixedweights.TargetName, Hash: weightsHash(weights), Weights: weights,
		Target: episodes.Target{Name: fixedweights.TargetName, Env: simulate.FixedWeights(s, tune.PerServer(weights, simulate.GroupSizes(s))).Recorded()},
	}
}

// weightsHash is EvaluationTarget.Hash of weights, one a group of servers.
func weightsHash(weights []float64) string {
	text, err := json.Marshal(weights)
	if err != nil {
		panic("job: weights that are not finite")
	}
	return fixedweights.TargetName + string(text)
}

// Policy is the policy of a training's run, which is in the folder dir, as the
// target of an evaluation.
func Policy(s scenario.Scenario, t *Training, name, title, dir string) (EvaluationTarget, error) {
	policy, err := target.Stored(s, title, dir)
	if err != nil {
		return EvaluationTarget{}, err
	}
	key, err := t.QueueKey()
	return EvaluationTarget{Name: name, Title: title, Hash: policy.Hash, Target: policy.Target, Source: policy, Run: &Run{dir, key}}, err
}

// Evaluation is the evaluation of a target on seeds.
type Evaluation struct {
	EvaluationTarget
	Scenario scenario.Scenario
	Seeds    []uint64
	Live     bool // on real traffic, in real time on this machine, and not in the simulator
}

// Key is the hash of the policy or the heuristic, the content of the scenario, the seeds,
// and whether it is live.
func (e *Evaluation) Key() (string, error) {
	target := e.Hash
	if target == "" {
		target = e.Name
	}
	content, err := e.Scenario.ContentHash()
	if err != nil {
		return "", err
	}
	key, err := settings.Hash(struct {
		Subject  string   `yaml:"subject"`
		Scenario string   `yaml:"scenario"`
		Seeds    []uint64 `yaml:"seeds"`
	}{target, content, e.Seeds})
	if err != nil || !e.Live {
		return key, err
	}
	return liveKey(key)
}

// QueueKey names the job in a queue. Jobs whose reports call one policy by two
// names are two.
func (e *Evaluation) QueueKey() (string, error) {
	key, err := e.Key()
	if err != nil {
		return "", err
	}
	key, err = settings.Hash(struct {
		Evaluation string `yaml:"evaluation"`
		Name       string `yaml:"name"`
		Title      string `yaml:"title"`
	}{key, e.Name, e.Title})
	return EvalKind + "-" + key, err
}

// FileName is the name of the file of the report.
func (e *Evaluation) FileName() (Name, error) {
	key, err := e.Key()
	return Name{files.Name(e.Name+"-"+e.Scenario.Name) + livePart(e.Live) + "-" + key[:min(nameDigits, len(key))], ".json"}, err
}

// Describe says in a line what is evaluated where.
func (e *Evaluation) Describe() string {
	title := e.Title
	if title == "" {
		title = e.Name
	}
	if e.Live {
		return fmt.Sprintf("%s live on %s, seed %d", title, e.Scenario.Name, e.Seeds[0])
	}
	return title + " on " + e.Scenario.Name
}

// Search is a search of the best fixed weights.
type Search struct {
	Scenario scenario.Scenario
	Settings fixedweights.Settings // resolved
}

// NewSearch returns the search of a scenario's best fixed weights.
func NewSearch(ctx context.Context, s scenario.Scenario, x fixedweights.Settings) (Search, error) {
	x, err := x.Resolved(ctx, s)
	return Search{s, x}, err
}

// Key is the hash of the settings and of the content of the scenario as it is
// searched.
func (x *Search) Key() (string, error) {
	content, err := fixedweights.SearchScenario(x.Scenario).ContentHash()
	if err != nil {
		return "", err
	}
	return settings.Hash(struct {
		Search   fixedweights.Settings `yaml:"search"`
		Scenario string                `yaml:"scenario"`
	}{x.Settings, content})
}

// QueueKey names the job in a queue.
func (x *Search) QueueKey() (string, error) {
	key, err := x.Key()
	return SearchKind + "-" + key, err
}

// FileName is the name of the file of what was found.
func (x *Search) FileName() (Name, error) {
	key, err := x.Key()
	return Name{files.Name(fixedweights.TargetName+"-"+x.Scenario.Name) + "-" + key[:min(nameDigits, len(key))], ".json"}, err
}
