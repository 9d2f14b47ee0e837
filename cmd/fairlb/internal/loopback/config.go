package loopback

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/testbed/plane"
	"fairlb/rewards"
)

// ErrNotLive reports what can be simulated and not be had in real time.
var ErrNotLive = errors.New("loopback: not to be had in real time")

// Config describes an environment in real time.
type Config struct {
	Scenario scenario.Scenario // valid
	Setup
	// Heuristic is the rule of the load balancers, or one of ExternalTargets, which are
	// other programs then. If it is empty, agents set the weights of a rule, and are paid by
	// Reward.
	Heuristic string
	Policy    *dispatch.Policy // of the heuristic universal; nil: the shipped one
	Reward    rewards.Reward
	// Agent, if any, sets them in processes of their own, and who steps the environment
	// sets none.
	Agent *Agent
	// Central says that who steps the environment has the load balancers by a channel, as if
	// they were on other machines; its bytes are counted, and Note is told.
	Central bool
	// Capacities are what rules take the servers to be able to do; nil: their CPUs.
	Capacities []float64
	// Program is the program fairlb, which balancers and agents are; empty: this one.
	Program string
	// Doubt is told why an episode is no measurement, each time that one is none.
	Doubt func(seed uint64, doubt string)
	// Note is told what else there is to know of an episode.
	Note func(seed uint64, note string)

	Recorder env.Recorder // receives every request's outcome at the end of the step in which it ended, or as the episode drains; may be nil
	Sampler  env.Sampler  // receives the servers' true state at each step; may be nil
}

// Check says whether a scenario can be had in real time under a heuristic; an empty one
// means agents.
func Check(s scenario.Scenario, heuristic string) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrNotLive}, args...)...))
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	for k, x := range cfg.Changes {
		if x.Kind == station.FailLB || x.Kind == station.ReturnLB {
			fault("changes[%d]: the failure of a load balancer", k)
			break
		}
	}
	if isExternal(heuristic) {
		x, _ := findExternal(heuristic)
		x.check(heuristic, &cfg, fault)
	} else if heuristic != "" {
		if err := checkHeuristic(heuristic); err != nil {
			faults = append(faults, err)
		}
		if dispatch.NeedsTold(heuristic) && s.Reports == (scenario.Reports{}) {
			fault("target %q: lives on what servers tell of how many requests they have: set reports.every or reports.carried in the scenario", heuristic)
		}
	}
	return errors.Join(faults...)
}

// checkHeuristic says whether live load balancers can decide by a heuristic.
func checkHeuristic(name string) error {
	if slices.Contains(plane.Heuristics(), dispatch.WithoutConstants(name)) {
		return nil
	}
	return fmt.Errorf("%w: target %q: must be one of %s", ErrNotLive, name, strings.Join(slices.Concat(plane.Heuristics(), ExternalTargets()), ", "))
}

// Differences lists what a scenario says of packets and connections, and is otherwise on
// loopback.
func Differences(s scenario.Scenario) []string {
	list := []string{fmt.Sprintf("packets take what loopback takes (some 0.05 ms), not %.3g to %.3g ms", 1e3*s.Latency.Low, 1e3*s.Latency.High)}
	if s.Counting == "established" {
		list = append(list, "load balancers count a connection from when it is accepted, not one round trip after the choice")
	}
	if s.Refusals == "unseen" {
		list = append(list, "load balancers see refusals: answers pass them")
	}
	if s.Reports != (scenario.Reports{}) {
		list = append(list, "servers tell how many requests they have to load balancers that heed it (carried, universal-carried), and to no others")
	}
	if s.Reports.Carried {
		list = append(list, "what a response would carry comes in a message of its own just before it, since load balancers read no responses; what they learn of completed requests is without it")
	}
	if s.ClassesSeen {
		list = append(list, "load balancers do not see the classes of requests: they balance connections")
	}
	return list
}

// settings are those of the i-th load balancer.
func (c *Config) settings(cfg *sim.Config, i int, seed uint64, servers []string, region string, listen plane.Listen) plane.Config {
	p := plane.Default()
	p.Name = fmt.Sprintf("lb%d", i)
	p.Listen, p.Public = []plane.Listen{listen}, listen.Namespace != ""
	for j, address := range servers {
		p.Servers = append(p.Servers, plane.Server{Name: serverName(j), Address: address, Capacity: float64(cfg.Servers[j].CPUs)})
		if c.Capacities != nil {
			p.Servers[j].Capacity = c.Capacities[j]
		}
		if dispatch.NeedsTold(c.Heuristic) && cfg.CarryCounts { // so that servers know whom to tell
			p.Servers[j].ProxyProtocol = "v1"
		}
	}
	if dispatch.NeedsTold(c.Heuristic) {
		p.Reports.Listen = "127.0.0.1:0"
	}
	p.Rule.Name = c.Heuristic
	if c.Heuristic == "" {
		p.Rule.Name, p.Rule.Patience = "weights", max(p.Rule.Patience, 20*cfg.StepInterval)
	}
	p.Rule.Ties, p.Rule.Index, p.Rule.Of = cfg.Ties.String(), i, cfg.LBs
	p.Rule.Seed = seed<<8 + uint64(i) + 1
	p.Loops = 1
	if !c.Checked {
		p.Retry.Attempts = 1
		p.Health.Check, p.Health.Passive = "none", 0
	}
	if dispatch.HasOverflow(c.Heuristic) {
		p.Retry.Attempts, p.Health.Passive = 1, 0
	}
	p.Timeouts.Idle, p.Timeouts.Connect = 2*cfg.Timeout, cfg.Timeout
	p.Limits.Connections = 1 << 16
	p.Drain.Announce, p.Drain.Wait = 0, 0
	p.Shared = plane.Shared{Layout: "v2", Path: region, Interval: min(0.05, cfg.StepInterval/2)}
	return p.Complete()
}

// serverName is what load balancers call a server.
func serverName(j int) string { return fmt.Sprintf("server%d", j) }
