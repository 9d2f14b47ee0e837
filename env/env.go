package env

import "context"

// Env is a load-balanced pool of servers, whose load balancers several agents control.
//
// An episode starts with Reset and ends when a Step reports Terminated or
// Truncated; a Step after that fails with ErrEpisodeOver. An Env is used by
// one goroutine at a time. The same seed and the same actions give the same
// episode wherever the environment is simulated.
type Env interface {
	// Spec describes agents, servers, features and actions. It never changes.
	Spec() Spec

	// Reset starts a new episode and returns its first Step, whose rewards
	// are zero. The episode's randomness follows from seed alone.
	Reset(ctx context.Context, seed uint64) (Step, error)

	// Step sets the weight of server j at LB i to actions[i][j], lets one step
	// interval pass and reports it. Nil actions leave the weights, or the
	// dispatch rule that the environment was built with, as they are. It fails
	// with ErrAction, ErrEpisodeOver, ErrNotReset, the error of the context, or
	// the error of the source of requests.
	Step(ctx context.Context, actions [][]float64) (Step, error)

	// Close frees what the environment holds. It may be called twice.
	Close() error
}

// Spec describes an environment: what the agents see, and what they may do.
type Spec struct {
	Agents       int       // M, the number of LBs
	Servers      int       // N, the number of servers
	Features     []Feature // what an agent sees of each server, in order
	StepInterval float64   // s between two actions
	Steps        int       // steps of an episode; 0 if it has no set end
	Action       ActionSpec
}

// NewActions makes room for the actions of a step, a weight for each server of each LB.
func (s *Spec) NewActions() [][]float64 {
	actions := make([][]float64, s.Agents)
	for i := range actions {
		actions[i] = make([]float64, s.Servers)
	}
	return actions
}

// Feature names one number that an agent sees of a server.
type Feature struct {
	Name string
	Unit string
}

// ActionSpec bounds an action: one weight per server, each in [Low, High].
type ActionSpec struct {
	Low, High float64
}

// Step is what all agents see after one step interval. Its slices belong to
// the environment and hold until the next Reset or Step.
type Step struct {
	Time float64 // s since the episode began

	// Obs[i] is what LB i sees: a row of features for each server, row after
	// row, not normalised, in the units of Spec.Features.
	Obs [][]float32

	// Load[i][j] is LB i's estimate l_ij, from its own traffic, of the load of
	// server j (s).
	Load [][]float64

	// Reward[i] is the reward of LB i for the interval that has just ended.
	// ServerReward[i][j] is the part of it that belongs to server j; the parts
	// sum to the reward.
	Reward       []float64
	ServerReward [][]float64

	Terminated bool // the episode ended in a state without a future
	Truncated  bool // the episode was cut off; its last state has a future

	Interval Interval // what happened in the interval, at all LBs together

	// Flows are the flows that ended in the interval, in the order in which
	// their LBs learned of it; nil where the environment does not keep them.
	Flows []Flow

	// Counts[i][j] is what LB i counted at server j in the interval; nil where the
	// environment does not keep it.
	Counts [][]ServerCounts

	// Late is how long (s) after its moment the step was taken, where time is that of
	// a clock and not the environment's own: the interval was longer than the others,
	// and the next one is shorter, since its moment does not move.
	Late float64
	// Stale[i] says that LB i has told nothing new since the step before, so that what
	// it observes is what it observed then; nil where that cannot be.
	Stale []bool
}

// ServerCounts is what one LB counted at one server in an interval.
type ServerCounts struct {
	Absent bool // there is no such server; all else is zero
	Joined bool // the server was not there at the step before, or another one was in its place
	Out    bool // it gets no new flows: it is drained, or was found to have failed

	Ongoing    int     // the LB's flows there at the end of the interval
	Dispatched int     // flows that were sent there, tries that failed included
	Completed  int     // flows that ended well
	Failed     int     // flows that were refused or lost
	Durations  float64 // s, the sum of the completion times of completed flows
	// OngoingSum is the sum, over the completed flows, of the LB's flows on the server
	// just before each of them ended, the flow itself included.
	OngoingSum float64
}

// Flow is a flow that has ended, as the LB that dispatched it knows it.
type Flow struct {
	LB, Server int
	Step       int     // the step in which it was dispatched; 0 is the interval of the first Step
	Ongoing    int     // q_ij, the LB's other flows on the server when it was dispatched
	Completion float64 // s from arrival to completion; the timeout if it failed
	Failed     bool
}

// Interval counts what happened between two steps, at all LBs together.
type Interval struct {
	Arrived       int     // requests that arrived
	Completed     int     // requests that completed
	Failed        int     // requests that were refused or lost
	CompletionSum float64 // s, the sum of the completion times of both, failures at their timeout
}

// Outcome is how a request ended, as its client saw it.
type Outcome struct {
	Arrival    float64 // s since the episode began
	Completion float64 // s from arrival to completion; the timeout if it failed
	Class      int     // index into the workload's class names
	LB         int     // the LB that dispatched it or, if none was left, for which it was meant
	Server     int     // -1 if no server or no LB was there to take it
	Failed     bool
}

// Recorder receives the outcome of every request of an episode.
type Recorder interface {
	Record(o Outcome)
}

// Drainer is an Env that can let every request in flight end after the episode, so that
// an evaluation counts all of them.
type Drainer interface {
	// Drain ends the episode: no more requests arrive, and it returns when
	// those in flight have ended.
	Drain(ctx context.Context) error
}

// GroundTruth is an Env that knows the true state of the servers, which no LB can see.
// A live environment returns ErrUnsupported.
type GroundTruth interface {
	// Truth fills t for the present moment.
	Truth(t *Truth) error
}

// Truth is the true state of the servers, with one value for each server.
type Truth struct {
	CPUWork    []float64 // s, the CPU demand that is left, requests on their way included; NaN: nobody knows
	IOWork     []float64 // s, the IO demand that is left; NaN: nobody knows
	Busy       []int     // busy workers: tasks in CPU service, or in any where a worker is held through IO
	Running    []int     // tasks in CPU or IO service
	Backlog    []int     // tasks that wait for a processor or a worker
	CPUTime    []float64 // s, the processor time used since the episode began, background jobs included
	Speed      []float64 // speed of one processor; 1 is nominal
	CPUs       []int     // processors
	Capacity   []float64 // what all processors do when they are busy, in processors of nominal speed; background jobs have a part of it
	Background []int     // jobs that always run there beside the requests
	Out        []bool    // drained, failed or failing fast
}

// Sampler receives the true state of the servers at regular times (Figures 9 and 12).
// The Truth is valid until the next call.
type Sampler interface {
	Sample(now float64, t *Truth)
}

// ScheduledSampler is a Sampler that says itself when it is to be shown the servers' state,
// as one does that probes servers.
type ScheduledSampler interface {
	Sampler
	// NextSample returns the time (s) of the next sample; +Inf: there is none. It is asked
	// as the episode begins, and after each sample.
	NextSample() float64
}
