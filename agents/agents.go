package agents

import (
	"fmt"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/replay"
)

// Actor steers all LBs of an environment. Each LB's weights depend on that
// LB's own observations only, unless the method says otherwise (Centr-LB).
// An Actor is used by one goroutine at a time.
type Actor interface {
	// Reset begins an episode: recurrent states are set to zero, averages of what
	// was chosen begin anew, and an actor that explores draws the noise of the
	// episode from seed.
	Reset(seed uint64)

	// Act writes the weight of server j at LB i to dst[i][j], within the
	// bounds of the environment's ActionSpec, given what all LBs observe in
	// step. It is called once for each step of an episode, in order.
	Act(dst [][]float64, step *env.Step) error
}

// Learner is a method that learns from episodes.
type Learner interface {
	// Explorer returns an Actor that explores, with the parameters of this
	// moment. Several may run at once, while the learner does not update.
	Explorer() (Actor, error)

	// Policy returns the deterministic Actor that is evaluated (the mode of
	// the policy) with the parameters of this moment.
	Policy() (Actor, error)

	// Observe adds an episode to what the learner learns from.
	Observe(ep *replay.Episode) error

	// Update performs n gradient updates of every network and returns their
	// mean statistics, under the names that training logs show. progress, in
	// [0, 1], is the part of training that has passed (for schedules).
	Update(n int, progress float64) (Stats, error)

	// Parameters lists everything that Policy depends on, in a fixed order;
	// the values are views of the learner's own memory.
	Parameters() []Parameter

	// Begin gives a learner that has neither observed nor updated the policy of
	// the given parameters, which are those of a learner of the same shapes, in
	// place of its own: it is what Policy returns, and what Explorer explores
	// around. Statistics that normalise features are kept as given for good, as
	// the networks were trained on what they normalise. All that Parameters does
	// not list, such as critics and optimisers, stays untrained. It fails with
	// ErrParameters, and changes nothing, if the parameters do not fit.
	Begin(parameters []Parameter) error
}

// CheckUpdate reports arguments that Learner.Update does not take: n below 1, or a
// progress outside [0, 1].
func CheckUpdate(n int, progress float64) error {
	if n < 1 || !(progress >= 0 && progress <= 1) {
		return fmt.Errorf("n = %d, progress = %g: want n at least 1, progress in [0, 1]", n, progress)
	}
	return nil
}

// Comparer is a Learner that compares policies on equal workloads, and so wants
// each workload to be played several times.
type Comparer interface {
	// Trials returns k, at least 1: each workload is played k times in a row.
	// The explorer of trial t in [0, k) is reset by the seed k s + t, with the
	// same s for all trials of a workload.
	Trials() int
}

// RuleLearner is a Learner whose policy is a dispatch rule, which decides on each request
// and serves any pool, in place of an Actor. Whoever trains it plays trials of rules, on
// pools of its own choice, and Observe is of no use.
type RuleLearner interface {
	Learner

	// Trial returns the policy of a trial, by the present coefficients; seed is what an
	// explorer of a Comparer is reset by.
	Trial(seed uint64) (*dispatch.Policy, error)

	// Rule returns the policy that is evaluated, by the coefficients of this moment.
	Rule() (*dispatch.Policy, error)

	// ObserveTrial adds a trial: the mean completion time (s) that its requests had.
	ObserveTrial(seed uint64, completion float64) error
}

// Stats are named figures of a round of updates (losses, entropies, ...).
// Figures of one LB have its index in the name: "critic_loss/0".
type Stats map[string]float64

// Parameter is a named tensor of a checkpoint.
type Parameter struct {
	Name  string
	Shape []int
	Data  []float32
}
