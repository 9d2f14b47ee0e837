package replay

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
)

// ErrEmpty reports a sample from a buffer without transitions.
var ErrEmpty = errors.New("replay: the buffer holds no transitions")

// Buffer holds the latest episodes, as many as its capacity; one more
// overwrites the oldest. It may be read by several goroutines while none adds.
type Buffer struct {
	shape    Shape
	capacity int
	episodes []*Episode // a ring: the k-th added is episodes[k%capacity], until it is overwritten
	added    int        // episodes so far
	ends     []int      // ends[k] is the number of transitions of episodes[0..k]
}

// NewBuffer returns an empty buffer for the given number of episodes.
func NewBuffer(shape Shape, capacity int) (*Buffer, error) {
	if shape.Agents < 1 || shape.Servers < 1 || shape.Features < 1 {
		return nil, fmt.Errorf("replay: shape %+v: every size must be at least 1", shape)
	}
	if capacity < 1 {
		return nil, fmt.Errorf("replay: capacity = %d episodes, want at least 1", capacity)
	}
	return &Buffer{shape: shape, capacity: capacity}, nil
}

// Add stores an episode, which must not be changed any more. It fails if the
// episode does not fit the buffer's shape or its own.
func (b *Buffer) Add(ep *Episode) error {
	if ep.Shape != b.shape {
		return fmt.Errorf("replay: episode of shape %+v in a buffer of %+v", ep.Shape, b.shape)
	}
	if err := ep.Validate(); err != nil {
		return err
	}
	if len(b.episodes) < b.capacity {
		b.episodes = append(b.episodes, ep)
		b.ends = append(b.ends, 0)
	} else {
		b.episodes[b.added%b.capacity] = ep
	}
	b.added++
	b.count()
	return nil
}

// count brings ends up to date.
func (b *Buffer) count() {
	total := 0
	for i, e := range b.episodes {
		total += e.Steps
		b.ends[i] = total
	}
}

// Shape returns the shape of the episodes.
func (b *Buffer) Shape() Shape { return b.shape }

// Len returns the number of episodes.
func (b *Buffer) Len() int { return len(b.episodes) }

// Episode returns the i-th episode, in no set order; it must not be changed.
func (b *Buffer) Episode(i int) *Episode { return b.episodes[i] }

// Transitions returns the number of transitions of one agent.
func (b *Buffer) Transitions() int {
	if len(b.ends) == 0 {
		return 0
	}
	return b.ends[len(b.ends)-1]
}

// Sample fills batch with transitions of one agent, drawn uniformly and with
// replacement. It fails with ErrEmpty if there are none, and if batch or agent
// do not fit the buffer.
func (b *Buffer) Sample(batch *Batch, agent int, rng *rand.Rand) error {
	if err := b.check(batch, agent); err != nil {
		return err
	}
	total := b.Transitions()
	for row := range batch.Size {
		k := rng.IntN(total)
		i := sort.SearchInts(b.ends, k+1)
		ep := b.episodes[i]
		batch.set(row, ep, k-(b.ends[i]-ep.Steps), agent)
	}
	return nil
}

// check reports why a batch of an agent cannot be drawn.
func (b *Buffer) check(batch *Batch, agent int) error {
	switch {
	case b.Transitions() == 0:
		return ErrEmpty
	case agent < 0 || agent >= b.shape.Agents:
		return fmt.Errorf("replay: agent %d of %d", agent, b.shape.Agents)
	case batch.servers != b.shape.Servers || batch.features != b.shape.Features || batch.actions != b.shape.actions():
		return fmt.Errorf("replay: batch of %d servers, %d features and %d actions from a buffer of %d, %d and %d",
			batch.servers, batch.features, batch.actions, b.shape.Servers, b.shape.Features, b.shape.actions())
	}
	return nil
}

// Batch holds transitions (s, a, r, s') of one agent, raw and row-major.
type Batch struct {
	Size              int
	servers, features int
	actions           int

	Obs          []float32 // [Size, Servers, Features]
	LogWeight    []float32 // [Size, Servers, Actions]
	Reward       []float32 // [Size]
	ServerReward []float32 // [Size, Servers]
	Next         []float32 // [Size, Servers, Features]: the observation that followed
	Flows        []float32 // [Size, Servers]: as an Episode's; 0 where it has none
	FlowDelay    []float32 // [Size, Servers]

	// Bootstrap is 1 where the next state has a future, 0 where the episode
	// terminated; a truncated episode bootstraps.
	Bootstrap []float32 // [Size]

	// These two are of returns over several steps (SumRewards). Over one step
	// BootstrapObs is Next and DiscountSum is 1.
	BootstrapObs []float32 // [Size, Servers, Features]: the observation behind the last of them
	DiscountSum  []float32 // [Size]: the sum of the discounts of the rewards

	horizon int
	gamma   float64
}

// SumRewards makes the batch one of returns over up to so many steps, at least 1.
// From then on Reward and ServerReward are sums of rewards, that of k steps later
// times gamma^k; BootstrapObs is what was observed behind the last of them, and
// Bootstrap, where it is not 0, gamma^(n-1) for a sum of n rewards: a learner that
// multiplies it by gamma has the discount of the value of BootstrapObs. The end of
// an episode shortens the sum. The rewards are those of the policy that acted,
// without correction for the present one.
func (b *Batch) SumRewards(steps int, gamma float64) {
	b.horizon, b.gamma = steps, gamma
	b.BootstrapObs = b.Next
	if steps > 1 {
		b.BootstrapObs = make([]float32, len(b.Next))
	}
}

// NewBatch returns a batch of size transitions from buffers of shape.
func NewBatch(shape Shape, size int) *Batch {
	n, f := shape.Servers, shape.Features
	b := &Batch{
		Size: size, servers: n, features: f, actions: shape.actions(),
		Obs:          make([]float32, size*n*f),
		LogWeight:    make([]float32, size*n*shape.actions()),
		Reward:       make([]float32, size),
		ServerReward: make([]float32, size*n),
		Next:         make([]float32, size*n*f),
		Flows:        make([]float32, size*n),
		FlowDelay:    make([]float32, size*n),
		Bootstrap:    make([]float32, size),
		DiscountSum:  make([]float32, size),
	}
	b.SumRewards(1, 1)
	return b
}

// set copies step t of an agent's episode into a row.
func (b *Batch) set(row int, ep *Episode, t, agent int) {
	n, state := b.servers, b.servers*b.features
	entry := t*ep.Agents + agent
	after := entry + ep.Agents
	copy(b.Obs[row*state:(row+1)*state], ep.Obs[entry*state:])
	copy(b.Next[row*state:(row+1)*state], ep.Obs[after*state:])
	actions := n * b.actions
	copy(b.LogWeight[row*actions:(row+1)*actions], ep.LogWeight[entry*actions:])
	copy(b.ServerReward[row*n:(row+1)*n], ep.ServerReward[entry*n:])
	if len(ep.Flows) > 0 {
		copy(b.Flows[row*n:(row+1)*n], ep.Flows[entry*n:])
		copy(b.FlowDelay[row*n:(row+1)*n], ep.FlowDelay[entry*n:])
	} else {
		clear(b.Flows[row*n : (row+1)*n])
		clear(b.FlowDelay[row*n : (row+1)*n])
	}
	b.Reward[row] = ep.Reward[entry]
	b.Bootstrap[row], b.DiscountSum[row] = 1, 1
	if ep.Terminated && t == ep.Steps-1 {
		b.Bootstrap[row] = 0
	}
	if b.horizon > 1 {
		b.extend(row, ep, t, agent)
	}
}

// extend adds the rewards of the steps after t to a row of one step.
func (b *Batch) extend(row int, ep *Episode, t, agent int) {
	n, state := b.servers, b.servers*b.features
	steps := min(b.horizon, ep.Steps-t)
	discount := 1.0
	for k := 1; k < steps; k++ {
		discount *= b.gamma
		entry := (t+k)*ep.Agents + agent
		b.Reward[row] += float32(discount) * ep.Reward[entry]
		for j, r := range ep.ServerReward[entry*n : (entry+1)*n] {
			b.ServerReward[row*n+j] += float32(discount) * r
		}
		b.DiscountSum[row] += float32(discount)
	}
	b.Bootstrap[row] = float32(discount)
	if ep.Terminated && t+steps == ep.Steps {
		b.Bootstrap[row] = 0
	}
	copy(b.BootstrapObs[row*state:(row+1)*state], ep.Obs[((t+steps)*ep.Agents+agent)*state:])
}
