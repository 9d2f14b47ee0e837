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
	"fairlb/env/station"
)

// RandomChanges is a Poisson process of changes: at each of its times one of its
// servers, drawn at random, changes. Appendix E.2.3 quotes that 32 % of clusters
// see more than 10 updates a minute, and 3 % more than 50. With a Count, it is
// instead one time in each episode at which that many of its servers, drawn anew
// for each episode, change.
type RandomChanges struct {
	Kind      station.ChangeKind // SetSpeed, SetCPUs, SetBackground, Drain or Fail
	PerMinute float64            // 0 with a Count
	Servers   []int              // those that may change
	Count     int                // of the servers that change at the time At; 0: a process
	At        float64            // s

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
	case station.SetSpeed, station.SetCPUs, station.SetBackground:
		if !(x.Low >= 0 && x.High >= x.Low && x.High <= 1000) || x.Low == 0 && x.Kind == station.SetSpeed {
			return fmt.Errorf("[%g, %g]: must be 0 <= low <= high <= 1000, low of a speed positive", x.Low, x.High)
		}
	case station.Drain, station.Fail:
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

// ChangesOf returns all changes of the episode with the given seed in order of
// time. They depend on nothing that happens in the episode.
func (c *Config) ChangesOf(seed uint64) []station.Change {
	if len(c.Random) == 0 && !slices.ContainsFunc(c.Changes, func(x station.Change) bool { return x.Kind == station.Fail }) {
		return c.Changes
	}
	list := slices.Clone(c.Changes)
	for k, x := range c.Random {
		list = x.appendTo(list, c, rand.New(env.Stream(seed, "sim/changes/"+strconv.Itoa(k))))
	}
	byTime := func() { sort.SliceStable(list, func(a, b int) bool { return list[a].At < list[b].At }) }
	byTime()
	for k, x := range list {
		if x.Kind != station.Fail {
			continue
		}
		back := slices.IndexFunc(list[k:], func(y station.Change) bool { return y.Kind == station.Return && y.Index == x.Index })
		if back < 0 || list[k+back].At > x.At+c.Detection {
			list = append(list, station.Change{At: x.At + c.Detection, Kind: station.Detect, Index: x.Index})
		}
	}
	byTime()
	return list
}

// drawValue draws the new value of a server.
func (x *RandomChanges) drawValue(c *Config, server int, rng *rand.Rand) float64 {
	switch x.Kind {
	case station.SetSpeed:
		return c.Servers[server].Speed * (x.Low + (x.High-x.Low)*rng.Float64())
	case station.SetCPUs:
		return max(1, math.Round(float64(c.Servers[server].CPUs)*(x.Low+(x.High-x.Low)*rng.Float64())))
	default:
		return math.Floor(x.Low) + float64(rng.IntN(int(x.High)-int(x.Low)+1))
	}
}

// appendTo appends the changes of one episode to the list: those up to the end of
// arrivals, and the later returns of servers that are out by then.
func (x *RandomChanges) appendTo(list []station.Change, c *Config, rng *rand.Rand) []station.Change {
	if x.Initial {
		for _, j := range x.Servers {
			list = append(list, station.Change{Kind: x.Kind, Index: j, Value: x.drawValue(c, j, rng)})
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
		change := station.Change{At: moment, Kind: x.Kind, Index: j}
		switch x.Kind {
		case station.SetSpeed, station.SetCPUs, station.SetBackground:
			change.Value = x.drawValue(c, j, rng)
		default:
			maps.DeleteFunc(out, func(_ int, back float64) bool { return back <= moment })
			_, already := out[j]
			back := moment + rng.ExpFloat64()*x.DownMean
			if already || len(out) == len(c.Servers)-1 {
				continue
			}
			out[j] = back
			list = append(list, station.Change{At: back, Kind: station.Return, Index: j})
		}
		list = append(list, change)
	}
	return list
}

// appendOne appends the change of one server at the time At, and its return.
func (x *RandomChanges) appendOne(list []station.Change, c *Config, server int, rng *rand.Rand) []station.Change {
	change := station.Change{At: x.At, Kind: x.Kind, Index: server}
	if x.Kind == station.Drain || x.Kind == station.Fail {
		back := x.At + rng.ExpFloat64()*x.DownMean
		return append(list, change, station.Change{At: back, Kind: station.Return, Index: server})
	}
	change.Value = x.drawValue(c, server, rng)
	return append(list, change)
}
