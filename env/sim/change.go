package sim

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"

	"fairlb/env"
)

// ChangeKind is what a Change does.
type ChangeKind uint8

const (
	// SetSpeed sets the speed of a server's processors to Value.
	SetSpeed ChangeKind = iota
	// SetCPUs sets a server's number of processors to Value. Tasks in
	// service stay there and share what is left of them.
	SetCPUs
	// SetBackground sets the number of jobs, not the LBs', that always run
	// at a server and share its processors with the tasks in service.
	SetBackground
	// Drain takes a server out: LBs send it nothing more, what it holds it
	// completes.
	Drain
	// Fail stops a server: requests there or on their way to it fail, and
	// so do those sent to it until the LBs notice (Config.Detection).
	Fail
	// Return lets a server that was drained or has failed take part again.
	Return
	// FailLB stops an LB: its flows in flight are lost with its state, and
	// count as failed, though the servers still do their work; its traffic
	// goes to the other LBs.
	FailLB
	// ReturnLB lets an LB take its part of the traffic again, with no memory
	// of what it saw.
	ReturnLB

	detect // the LBs detect that a server has failed; follows from Fail
)

// Change is one change of a server or an LB.
type Change struct {
	At    float64 // s
	Kind  ChangeKind
	Index int     // of the server or, for the last two kinds, the LB
	Value float64 // of the first three kinds
}

func (x *Change) validate(c *Config) error {
	n, whole := len(c.Servers), x.Value == math.Trunc(x.Value) && x.Value <= 10000
	switch x.Kind {
	case SetSpeed:
		if !(x.Value > 0) || math.IsInf(x.Value, 0) {
			return fmt.Errorf("speed = %g: must be positive and finite", x.Value)
		}
	case SetCPUs:
		if !(x.Value >= 1 && whole) {
			return fmt.Errorf("CPUs = %g: must be a whole number in [1, 10000]", x.Value)
		}
	case SetBackground:
		if !(x.Value >= 0 && whole) {
			return fmt.Errorf("background = %g: must be a whole number in [0, 10000]", x.Value)
		}
	case Drain, Fail, Return:
	case FailLB, ReturnLB:
		if x.Index < 0 || x.Index >= c.LBs {
			return fmt.Errorf("no LB %d", x.Index)
		}
		return nil
	default:
		return fmt.Errorf("unknown kind %d", x.Kind)
	}
	if x.Index < 0 || x.Index >= n {
		return fmt.Errorf("no server %d", x.Index)
	}
	return nil
}

// RandomChanges is a Poisson process of changes: at each of its times one of its
// servers, drawn at random, changes. Appendix E.2.3 quotes that 32 % of clusters
// see more than 10 updates a minute, and 3 % more than 50. With a Count, it is
// instead one time in each episode at which that many of its servers, drawn anew
// for each episode, change.
type RandomChanges struct {
	Kind      ChangeKind // SetSpeed, SetCPUs, SetBackground, Drain or Fail
	PerMinute float64    // 0 with a Count
	Servers   []int      // those that may change
	Count     int        // of the servers that change at the time At; 0: a process
	At        float64    // s

	// The new speed or number of processors is the configured one times a
	// factor drawn from U(Low, High), processors rounded to 1 at least; the
	// background jobs are a whole number drawn from [Low, High].
	Low, High float64
	// Initial says that every one of the servers is drawn at the beginning
	// as well, so that the process is stationary.
	Initial bool
	// DownMean (s) is the mean of the exponential time after which a server
	// that was drained or failed returns. A server that this process has taken
	// out is not taken out again before it returns, and the last of all servers
	// is never taken out.
	DownMean float64
}

func (x *RandomChanges) validate(c *Config) error {
	switch {
	case x.Count == 0 && !(x.PerMinute > 0 && x.PerMinute <= 1e5):
		return fmt.Errorf("%g a minute: must be in (0, 1e5]", x.PerMinute)
	case x.Count < 0 || x.Count > len(x.Servers):
		return fmt.Errorf("count = %d: must be in [0, %d], the number of its servers", x.Count, len(x.Servers))
	case x.Count > 0 && x.PerMinute != 0:
		return fmt.Errorf("%g a minute: must be 0 with a count", x.PerMinute)
	case x.Count > 0 && !(x.At >= 0 && !math.IsInf(x.At, 0)):
		return fmt.Errorf("at = %g s: must be finite and not negative", x.At)
	case len(x.Servers) == 0:
		return fmt.Errorf("no servers")
	}
	for _, j := range x.Servers {
		if j < 0 || j >= len(c.Servers) {
			return fmt.Errorf("no server %d", j)
		}
	}
	switch x.Kind {
	case SetSpeed, SetCPUs, SetBackground:
		if !(x.Low >= 0 && x.High >= x.Low && x.High <= 1000) || x.Low == 0 && x.Kind == SetSpeed {
			return fmt.Errorf("[%g, %g]: must be 0 <= low <= high <= 1000, low of a speed positive", x.Low, x.High)
		}
	case Drain, Fail:
		if !(x.DownMean > 0) || math.IsInf(x.DownMean, 0) {
			return fmt.Errorf("mean time out = %g: must be positive and finite", x.DownMean)
		}
		if x.Initial {
			return fmt.Errorf("initial: not all servers can be out at the beginning")
		}
	default:
		return fmt.Errorf("kind %d is not random", x.Kind)
	}
	return nil
}

// changesOf returns all changes of the episode with the given seed in order of
// time. They depend on nothing that happens in the episode.
func (c *Config) changesOf(seed uint64) []Change {
	if len(c.Random) == 0 && !slices.ContainsFunc(c.Changes, func(x Change) bool { return x.Kind == Fail }) {
		return c.Changes
	}
	list := slices.Clone(c.Changes)
	for k, x := range c.Random {
		list = x.appendTo(list, c, rand.New(env.Stream(seed, "sim/changes/"+strconv.Itoa(k))))
	}
	byTime := func() { sort.SliceStable(list, func(a, b int) bool { return list[a].At < list[b].At }) }
	byTime()
	for k, x := range list {
		if x.Kind != Fail {
			continue
		}
		back := slices.IndexFunc(list[k:], func(y Change) bool { return y.Kind == Return && y.Index == x.Index })
		if back < 0 || list[k+back].At > x.At+c.Detection {
			list = append(list, Change{At: x.At + c.Detection, Kind: detect, Index: x.Index})
		}
	}
	byTime()
	return list
}

// drawValue draws the new value of a server.
func (x *RandomChanges) drawValue(c *Config, server int, rng *rand.Rand) float64 {
	switch x.Kind {
	case SetSpeed:
		return c.Servers[server].Speed * (x.Low + (x.High-x.Low)*rng.Float64())
	case SetCPUs:
		return max(1, math.Round(float64(c.Servers[server].CPUs)*(x.Low+(x.High-x.Low)*rng.Float64())))
	default:
		return math.Floor(x.Low) + float64(rng.IntN(int(x.High)-int(x.Low)+1))
	}
}

// appendTo appends the changes of one episode to the list: those up to the end of
// arrivals, and the later returns of servers that are out by then.
func (x *RandomChanges) appendTo(list []Change, c *Config, rng *rand.Rand) []Change {
	if x.Initial {
		for _, j := range x.Servers {
			list = append(list, Change{Kind: x.Kind, Index: j, Value: x.drawValue(c, j, rng)})
		}
	}
	if x.Count > 0 {
		for _, k := range rng.Perm(len(x.Servers))[:x.Count] {
			list = x.appendOne(list, c, x.Servers[k], rng)
		}
		return list
	}
	out := map[int]float64{} // server to the time of its return
	for moment := rng.ExpFloat64() * 60 / x.PerMinute; moment < c.Duration; moment += rng.ExpFloat64() * 60 / x.PerMinute {
		j := x.Servers[rng.IntN(len(x.Servers))]
		change := Change{At: moment, Kind: x.Kind, Index: j}
		switch x.Kind {
		case SetSpeed, SetCPUs, SetBackground:
			change.Value = x.drawValue(c, j, rng)
		default:
			maps.DeleteFunc(out, func(_ int, back float64) bool { return back <= moment })
			_, already := out[j]
			back := moment + rng.ExpFloat64()*x.DownMean
			if already || len(out) == len(c.Servers)-1 {
				continue
			}
			out[j] = back
			list = append(list, Change{At: back, Kind: Return, Index: j})
		}
		list = append(list, change)
	}
	return list
}

// appendOne appends the change of one server at the time At, and its return.
func (x *RandomChanges) appendOne(list []Change, c *Config, server int, rng *rand.Rand) []Change {
	change := Change{At: x.At, Kind: x.Kind, Index: server}
	if x.Kind == Drain || x.Kind == Fail {
		back := x.At + rng.ExpFloat64()*x.DownMean
		return append(list, change, Change{At: back, Kind: Return, Index: server})
	}
	change.Value = x.drawValue(c, server, rng)
	return append(list, change)
}
