package scenario

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"fairlb/env/settings"
	"fairlb/env/sim"
	"fairlb/env/station"
)

// Change changes servers of a group, or an LB, at a time of each episode.
type Change struct {
	At    float64 `yaml:"at"`              // time in the episode, s
	Kind  string  `yaml:"kind"`            // what changes: speed, cpus, background, drain, fail, fail-fast, return, fail-lb or return-lb
	Group int     `yaml:"group,omitempty"` // index, from 0, of the group of servers that changes
	// Servers are the group's servers that change, counted from 0; none: all.
	Servers []int   `yaml:"servers,omitempty"`
	LB      int     `yaml:"lb,omitempty"`    // index, from 0, of the load balancer of fail-lb and return-lb
	Value   float64 `yaml:"value,omitempty"` // what is set: the speed, the number of processors, or of background jobs
}

// RandomChange is a Poisson process of changes, each of one server, or, with a
// count, one moment of each episode at which so many servers change.
type RandomChange struct {
	Kind      string  `yaml:"kind"`                 // what changes: speed, cpus, background, drain or fail
	PerMinute float64 `yaml:"per_minute,omitempty"` // mean number of changes a minute, of all servers together
	Count     int     `yaml:"count,omitempty"`      // number of servers that change, all at one time, instead
	At        float64 `yaml:"at,omitempty"`         // time in the episode at which a count of servers changes, s
	Groups    []int   `yaml:"groups,omitempty"`     // indices, from 0, of the groups whose servers may change; none: all
	// Low and High bound the uniform factor on the configured speed or
	// number of processors, or the number of background jobs.
	Low      float64 `yaml:"low,omitempty"`
	High     float64 `yaml:"high,omitempty"`
	Initial  bool    `yaml:"initial,omitempty"`   // every server's value is drawn at the beginning as well
	DownMean float64 `yaml:"down_mean,omitempty"` // mean time out of a server that was drained or failed, s
}

// randomKinds names the kinds of changes that a random process can make.
func randomKinds() []string { return changeKinds()[:5] }

// changeKinds names the kinds of changes. The last four are those that a random
// process cannot make (randomKinds).
func changeKinds() []string {
	return []string{"speed", "cpus", "background", "drain", "fail", "fail-fast", "return", "fail-lb", "return-lb"}
}

// changeKind returns the simulator's kind of a name that changeKinds has.
func changeKind(name string) station.ChangeKind {
	return map[string]station.ChangeKind{
		"speed": station.SetSpeed, "cpus": station.SetCPUs, "background": station.SetBackground,
		"drain": station.Drain, "fail": station.Fail, "fail-fast": station.FailFast, "return": station.Return,
		"fail-lb": station.FailLB, "return-lb": station.ReturnLB,
	}[name]
}

// ChangesLB says whether what changes is an LB, not servers.
func (x *Change) ChangesLB() bool { return x.Kind == "fail-lb" || x.Kind == "return-lb" }

// setsValue says whether a kind of change sets a value.
func setsValue(kind string) bool { return kind == "speed" || kind == "cpus" || kind == "background" }

// group returns the indices of a group's servers among all.
func (s *Scenario) group(g int) []int {
	first := 0
	for _, group := range s.Servers[:g] {
		first += group.Count
	}
	all := make([]int, s.Servers[g].Count)
	for k := range all {
		all[k] = first + k
	}
	return all
}

// changes returns the changes as the simulator takes them, in order of time.
func (s *Scenario) changes() []station.Change {
	var list []station.Change
	for _, x := range s.Changes {
		change := station.Change{At: x.At, Kind: changeKind(x.Kind), Value: x.Value}
		if x.ChangesLB() {
			change.Index = x.LB
			list = append(list, change)
			continue
		}
		for k, j := range s.group(x.Group) {
			if len(x.Servers) == 0 || slices.Contains(x.Servers, k) {
				change.Index = j
				list = append(list, change)
			}
		}
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].At < list[b].At })
	return list
}

// randomChanges returns the processes of changes as the simulator takes them.
func (s *Scenario) randomChanges() []sim.RandomChanges {
	var list []sim.RandomChanges
	for _, x := range s.RandomChanges {
		random := sim.RandomChanges{Kind: changeKind(x.Kind), PerMinute: x.PerMinute, Count: x.Count, At: x.At, Low: x.Low, High: x.High, Initial: x.Initial, DownMean: x.DownMean}
		for g := range s.Servers {
			if len(x.Groups) == 0 || slices.Contains(x.Groups, g) {
				random.Servers = append(random.Servers, s.group(g)...)
			}
		}
		list = append(list, random)
	}
	return list
}

// countServers returns the number of servers in the given groups; of all groups
// if none is given.
func (s *Scenario) countServers(groups []int) int {
	n := 0
	for g, group := range s.Servers {
		if len(groups) == 0 || slices.Contains(groups, g) {
			n += group.Count
		}
	}
	return n
}

// changeRules states the rules of changes.
func (s *Scenario) changeRules(r *settings.Rules) {
	r.Check("detection", s.Detection, settings.NotNegative())
	settings.Each(r, "changes", s.Changes, func(r *settings.Rules, _ int, x *Change) {
		r.Check("at", x.At, settings.NotNegative())
		r.Check("kind", x.Kind, oneOf(changeKinds()))
		switch {
		case x.ChangesLB():
			r.Require(x.LB >= 0 && x.LB < s.LBs, "lb", x.LB, "must be the index of an LB")
			r.Require(x.Group == 0, "group", x.Group, "must be left out of a change of an LB")
			r.Require(len(x.Servers) == 0, "servers", x.Servers, "must be left out of a change of an LB")
		case x.Group < 0 || x.Group >= len(s.Servers):
			r.Report("group", x.Group, "must be the index of a group of servers")
		default:
			r.Require(x.LB == 0, "lb", x.LB, "must be left out of a change of servers")
			for m, j := range x.Servers {
				r.Require(j >= 0 && j < s.Servers[x.Group].Count, fmt.Sprintf("servers[%d]", m), j, "must be the index of a server in its group")
			}
		}
		x.valueRules(r)
	})
	settings.Each(r, "random_changes", s.RandomChanges, func(r *settings.Rules, _ int, x *RandomChange) { s.randomRules(r, x) })
}

// valueRules states the rules of what a change sets.
func (x *Change) valueRules(r *settings.Rules) {
	whole := x.Value == math.Trunc(x.Value) && x.Value <= maxCPUs
	r.When(x.Kind == "speed").Check("value", x.Value, settings.Positive())
	r.When(x.Kind == "cpus").Require(x.Value >= 1 && whole, "value", x.Value, fmt.Sprintf("must be a whole number in [1, %d]", maxCPUs))
	r.When(x.Kind == "background").Require(x.Value >= 0 && whole, "value", x.Value, fmt.Sprintf("must be a whole number in [0, %d]", maxCPUs))
	r.When(!setsValue(x.Kind)).Require(x.Value == 0, "value", x.Value, "must be left out where nothing is set")
}

// randomRules states the rules of random changes.
func (s *Scenario) randomRules(r *settings.Rules, x *RandomChange) {
	r.Check("kind", x.Kind, oneOf(randomKinds()))
	for m, g := range x.Groups {
		r.Require(g >= 0 && g < len(s.Servers), fmt.Sprintf("groups[%d]", m), g, "must be the index of a group of servers")
	}
	n := s.countServers(x.Groups)
	counted, poisson := r.When(x.Count != 0), r.When(x.Count == 0)
	counted.Require(x.Count > 0 && x.Count <= n, "count", x.Count, fmt.Sprintf("must be in [0, %d], the number of servers", n))
	counted.Require(x.PerMinute == 0, "per_minute", x.PerMinute, "must be left out with a count")
	counted.Check("at", x.At, settings.NotNegative())
	counted.Require(!x.Initial, "initial", x.Initial, "must be left out with a count")
	poisson.Require(x.PerMinute > 0 && x.PerMinute <= 1e5, "per_minute", x.PerMinute, "must be in (0, 1e5]")
	poisson.Require(x.At == 0, "at", x.At, "must be left out without a count")

	setting, leaving := r.When(setsValue(x.Kind)), r.When(!setsValue(x.Kind))
	setting.Require(x.Low >= 0 && (x.Low > 0 || x.Kind != "speed"), "low", x.Low, "must not be negative, and of a speed positive")
	setting.Require(x.High >= x.Low && x.High <= 1000, "high", x.High, "must be in [low, 1000]")
	setting.Require(x.DownMean == 0, "down_mean", x.DownMean, "must be left out where nothing goes out")
	leaving.Check("down_mean", x.DownMean, settings.Positive())
	leaving.Require(!x.Initial, "initial", x.Initial, "must be left out where nothing is set")
	leaving.Require(x.Low == 0 && x.High == 0, "low", x.Low, "low and high must be left out where nothing is set")
}
