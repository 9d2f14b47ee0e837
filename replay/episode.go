package replay

import "fmt"

// Shape gives the sizes of what is stored of a step. All episodes of a buffer have
// the same.
type Shape struct {
	Agents, Servers, Features int

	Actions         int // of an agent on a server; 0 means 1
	StoredStateSize int // values of an agent's StoredState at a step; 0 for none
}

func (s Shape) actions() int { return max(s.Actions, 1) }

// Episode is one whole episode of all agents. Arrays are flat and row-major.
// Values are raw, in the environment's units: a learner normalises what it
// samples.
type Episode struct {
	Shape
	Steps int // T, the number of actions

	Obs          []float32 // [T+1, Agents, Servers, Features]
	LogWeight    []float32 // [T, Agents, Servers, Actions]: log of the weights that were in force
	Reward       []float32 // [T, Agents]
	ServerReward []float32 // [T, Agents, Servers]; sums to Reward over servers
	Load         []float32 // [T+1, Agents, Servers]: the load estimates l_ij, s

	// Of the flows that were dispatched in a step and ended in the episode:
	// their number, and the sum of their completion times, each over one more
	// than the LB's other flows on the server. Empty where the environment
	// keeps no flows.
	Flows     []float32 // [T, Agents, Servers]
	FlowDelay []float32 // [T, Agents, Servers], s

	// StoredState holds the states of an agent's recurrent networks as each step
	// begins, written by learners that replay from within episodes: [T, Agents, StoredStateSize].
	StoredState []float32

	// Seed is what the explorer was reset by.
	Seed uint64

	// TeamReward is the one reward of all agents, which a centralised learner
	// earns: [T], or empty, which stands for the mean of the agents' own.
	TeamReward []float32

	// TeamServerReward is its parts by server, which sum to it: [T, Servers],
	// or empty, which stands for the means of the agents' own.
	TeamServerReward []float32

	// Terminated says that the last state has no future; an episode that was
	// cut off (truncated) bootstraps from its last observation instead.
	Terminated bool
}

// AddFlow adds a flow that an LB dispatched to a server in the given step, when
// ongoing other flows of its own were on that server, and that completed after so
// many s. The step must have been added before. It panics where step, LB or server
// are out of range.
func (e *Episode) AddFlow(step, lb, server, ongoing int, completion float64) {
	if e.Flows == nil {
		e.Flows = make([]float32, 0, cap(e.LogWeight))
		e.FlowDelay = make([]float32, 0, cap(e.LogWeight))
	}
	e.fillFlows()
	entry := (step*e.Agents+lb)*e.Servers + server
	e.Flows[entry]++
	e.FlowDelay[entry] += float32(completion / float64(ongoing+1))
}

// fillFlows extends the sums over flows to all steps that have been added.
func (e *Episode) fillFlows() {
	for want := e.Steps * e.Agents * e.Servers; len(e.Flows) < want; {
		e.Flows = append(e.Flows, 0)
		e.FlowDelay = append(e.FlowDelay, 0)
	}
}

// End completes an episode to which all steps have been added.
func (e *Episode) End() {
	if e.Flows != nil {
		e.fillFlows()
	}
}

// NewEpisode returns an empty episode with room for the given steps.
func NewEpisode(shape Shape, steps int) *Episode {
	n := shape.Agents * shape.Servers
	return &Episode{
		Shape:        shape,
		Obs:          make([]float32, 0, (steps+1)*n*shape.Features),
		LogWeight:    make([]float32, 0, steps*n*shape.actions()),
		Reward:       make([]float32, 0, steps*shape.Agents),
		ServerReward: make([]float32, 0, steps*n),
		TeamReward:   make([]float32, 0, steps),
		Load:         make([]float32, 0, (steps+1)*n),
	}
}

// Validate reports an episode whose arrays do not match its shape.
func (e *Episode) Validate() error {
	n := e.Agents * e.Servers
	for _, a := range []struct {
		name      string
		got, want int
	}{
		{"observations", len(e.Obs), (e.Steps + 1) * n * e.Features},
		{"log-weights", len(e.LogWeight), e.Steps * n * e.actions()},
		{"rewards", len(e.Reward), e.Steps * e.Agents},
		{"server rewards", len(e.ServerReward), e.Steps * n},
		{"loads", len(e.Load), (e.Steps + 1) * n},
		{"values of stored states", len(e.StoredState), e.Steps * e.Agents * e.StoredStateSize},
	} {
		if a.got != a.want {
			return fmt.Errorf("replay: episode of %d steps has %d %s, want %d", e.Steps, a.got, a.name, a.want)
		}
	}
	if f, d := len(e.Flows), len(e.FlowDelay); f != d || f != 0 && f != e.Steps*n {
		return fmt.Errorf("replay: episode of %d steps has %d and %d figures of flows, want %d of each, or none", e.Steps, f, d, e.Steps*n)
	}
	if n := len(e.TeamReward); n != 0 && n != e.Steps {
		return fmt.Errorf("replay: episode of %d steps has %d team rewards, want as many or none", e.Steps, n)
	}
	if n := len(e.TeamServerReward); n != 0 && n != e.Steps*e.Servers {
		return fmt.Errorf("replay: episode of %d steps has %d parts of team rewards, want %d or none", e.Steps, n, e.Steps*e.Servers)
	}
	return nil
}

// ServerRewards returns an agent's rewards of step t by server, [Servers]: a view,
// which must not be changed.
func (e *Episode) ServerRewards(t, agent int) []float32 {
	row := t*e.Agents + agent
	return e.ServerReward[row*e.Servers : (row+1)*e.Servers]
}

// Team returns the team's reward of step t: the one that was recorded, or else the
// mean of the agents' own.
func (e *Episode) Team(t int) float32 {
	if len(e.TeamReward) > 0 {
		return e.TeamReward[t]
	}
	sum := float32(0)
	for _, r := range e.Reward[t*e.Agents : (t+1)*e.Agents] {
		sum += r
	}
	return sum / float32(e.Agents)
}

// TeamServers writes the team's reward of step t by server to dst [Servers]: the
// parts that were recorded, or else the means of the agents' own.
func (e *Episode) TeamServers(dst []float32, t int) {
	if len(e.TeamServerReward) > 0 {
		copy(dst, e.TeamServerReward[t*e.Servers:(t+1)*e.Servers])
		return
	}
	appendMeans(dst[:0], e.ServerReward[t*e.Agents*e.Servers:], e.Agents, e.Servers)
}
