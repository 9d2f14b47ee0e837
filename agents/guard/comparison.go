package guard

import (
	"math"
	"math/rand/v2"

	"fairlb/env"
)

// comparison finds out whether flows take longer under the actor than under the
// fallback. Time is cut into blocks of windows; in one window of each block, drawn at
// random, the fallback acts.
//
// What a window is judged by is the mean time of the flows that were dispatched in it. A
// bad actor leaves a backlog behind, whose flows end, late, in the fallback's window, so
// that the mean time of the flows that end in a window would tell the two apart badly. But
//
//	times of flows dispatched = times of flows that ended + 2 (V at the end - V at the begin),
//
// about, if V is the time that the flows under way have yet to spend, which is also
// about what they have spent: of q flows on a server that gets through m a second,
// q (q + 1) / 2 m (type backlog).
//
// A block gives the logarithm of the ratio of the mean times. What these exceed
// log(1 + Margin) by adds up, from 0 and never below it (a one-sided cumulative sum, as
// in quality control: E. S. Page, Continuous inspection schemes, 1954). So a catastrophe
// is seen after two blocks, a few percent beyond the margin after many, and chance,
// which goes both ways, seldom; no single block, such as one with a few failures, can
// decide.
type comparison struct {
	cfg     CompareConfig
	rng     *rand.Rand
	backlog backlog

	index    int     // of the window in its block
	chosen   int     // the index of the fallback's window
	begun    bool    // a window has begun
	start    float64 // s, when the window began
	ongoing  float64 // flows under way then
	left     float64 // s, the V of that moment
	window   flowTimes
	actor    flowTimes
	fallback flowTimes
	evidence float64
	blocks   uint64 // that have said something
	ratio    float64
}

// flowTimes are a number of flows, and the sum of their times (s).
type flowTimes struct{ flows, sum float64 }

func newComparison(cfg CompareConfig, seed uint64) comparison {
	c := comparison{cfg: cfg, rng: rand.New(env.Stream(seed, "guard/comparison"))}
	c.restart(0)
	return c
}

// restart begins a new block, with so much evidence.
func (c *comparison) restart(evidence float64) {
	c.begun, c.index, c.evidence = false, 0, evidence
	c.actor, c.fallback = flowTimes{}, flowTimes{}
	if c.cfg.Window > 0 {
		c.chosen = c.rng.IntN(c.cfg.Windows)
	}
}

// byFallback says whether the present window is the fallback's.
func (c *comparison) byFallback() bool { return c.cfg.Window > 0 && c.index == c.chosen }

// learn takes in the interval before a step, which the present window's actor has
// steered, and says whether the actor is slow. It is called at each step; the first
// window begins at the first of them.
func (c *comparison) learn(step *env.Step) (slow bool) {
	if c.cfg.Window == 0 {
		return false
	}
	c.backlog.learn(step.Counts)
	if !c.begun {
		c.begin(step)
		return false
	}
	for _, row := range step.Counts {
		for j := range row {
			n := &row[j]
			c.window.flows += float64(n.Completed + n.Failed)
			c.window.sum += n.Durations + float64(n.Failed)*c.cfg.FailedAs
		}
	}
	if step.Time-c.start < c.cfg.Window {
		return false
	}
	ongoing, left := c.backlog.left(step.Counts)
	arm := &c.actor
	if c.byFallback() {
		arm = &c.fallback
	}
	arm.flows += c.window.flows + ongoing - c.ongoing
	arm.sum += c.window.sum + 2*(left-c.left)
	c.index++
	if c.index == c.cfg.Windows {
		slow = c.endBlock()
	}
	c.begin(step)
	return slow
}

// begin begins a window.
func (c *comparison) begin(step *env.Step) {
	c.begun, c.start, c.window = true, step.Time, flowTimes{}
	c.ongoing, c.left = c.backlog.left(step.Counts)
}

// endBlock takes what a block says, if it has seen enough.
func (c *comparison) endBlock() (slow bool) {
	c.index, c.chosen = 0, c.rng.IntN(c.cfg.Windows)
	least := float64(c.cfg.MinFlows)
	if c.actor.flows < least || c.fallback.flows < least {
		return false
	}
	a, f := c.actor.sum/c.actor.flows, c.fallback.sum/c.fallback.flows
	c.actor, c.fallback = flowTimes{}, flowTimes{}
	c.ratio = math.Inf(1) // where a backlog shrinks fast, the estimate may not be positive
	switch {
	case a <= 0 && f <= 0:
		return false
	case a <= 0:
		c.ratio = 0
	case f > 0:
		c.ratio = a / f
	}
	c.blocks++
	c.evidence = max(0, c.evidence+min(math.Log(c.ratio)-math.Log1p(c.cfg.Margin), 1))
	return c.evidence >= c.cfg.Evidence
}
