//go:build linux

package loopback

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"fairlb/env/testbed/plane/admin"
)

// Agent is `fairlb agent`, of which a process each steers a load balancer by what that one
// alone tells. There is no channel between these processes.
type Agent struct {
	Policy     string // self-tuning, universal, a checkpoint, or a run's folder
	AnyServers bool   // the policy takes whatever servers there are
	Unguarded  bool   // the policy decides whatever comes of it
}

// startAgents starts an agent beside each load balancer, and waits until all steer.
func (p *processes) startAgents(running context.Context, ep *episode) error {
	a := p.env.cfg.Agent
	if a == nil {
		return nil
	}
	for i, b := range p.list {
		args := []string{"agent", a.Policy, "--plane", "shm:" + b.region, "--log", b.decisions,
			"--interval", strconv.FormatFloat(p.env.spec.StepInterval, 'g', -1, 64), "--seed", strconv.FormatUint(ep.seed, 10)}
		switch {
		case a.Policy == selfTuning:
		case a.AnyServers:
			args = append(args, "--lb", strconv.Itoa(i))
		default:
			var names []string
			for j := range p.env.sim.Servers {
				names = append(names, serverName(j))
			}
			args = append(args, "--lb", strconv.Itoa(i), "--servers", strings.Join(names, ","), "--guard="+strconv.FormatBool(!a.Unguarded))
		}
		c := &child{what: fmt.Sprintf("agent %d", i), program: p.env.cfg.Program, args: args}
		ep.group.Go(func() error { return c.run(running) })
	}
	for i, b := range p.list {
		if _, err := b.await(running, func(s *admin.State) bool { return s.Decider == "weights" }); err != nil {
			return fmt.Errorf("agent %d: %w", i, err)
		}
	}
	return nil
}

// decision is what reports need of a line of an agent's log of decisions.
type decision struct {
	Step    int64   `json:"step"`
	Late    float64 `json:"late_s"`
	Stale   bool    `json:"stale"`
	By      string  `json:"by"`
	Reason  string  `json:"reason"`
	Changed bool    `json:"changed"`
	Written bool    `json:"written"`
}

// maxUnserved is the part of an agent's intervals that may be late, missed or without news
// in an episode that is a measurement.
const maxUnserved = 0.02

// reportAgents says how the agents did.
func (p *processes) reportAgents() (doubts, notes []string, err error) {
	if p.env.cfg.Agent == nil {
		return nil, nil, nil
	}
	for i, b := range p.list {
		r, err := readDecisions(b.decisions, p.env.spec.StepInterval)
		if err != nil {
			return nil, nil, fmt.Errorf("agent %d: %w", i, err)
		}
		if bad := r.late + r.missed + r.stale; float64(bad) > maxUnserved*float64(r.intervals) {
			doubts = append(doubts, fmt.Sprintf("agent %d: of %d intervals %d were late, %d were missed, and in %d the load balancer had told nothing new", i, r.intervals, r.late, r.missed, r.stale))
		}
		if !p.env.cfg.Agent.Unguarded && !p.env.cfg.Agent.AnyServers && p.env.cfg.Agent.Policy != selfTuning && r.fallback > 0 {
			notes = append(notes, fmt.Sprintf("agent %d: self-tuning decided in %d of %d intervals (%s)", i, r.fallback, r.intervals, r.reasons))
		}
	}
	return doubts, notes, nil
}

// decided is what an agent's log says in sum.
type decided struct {
	intervals, late, missed, stale, fallback int64
	reasons                                  string // of the fallback
}

// readDecisions reads an agent's log of decisions. Its last line may be half written.
func readDecisions(path string, interval float64) (decided, error) {
	f, err := os.Open(path)
	if err != nil {
		return decided{}, err
	}
	defer f.Close()
	var r decided
	last := int64(0)
	var reasons []string
	for lines := bufio.NewReader(f); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // the end, or half a line
		}
		var d decision
		if err := json.Unmarshal(line, &d); err != nil {
			return r, fmt.Errorf("%s: line %d: %w", path, r.intervals+1, err)
		}
		r.intervals++
		if last > 0 && d.Step > last+1 {
			r.missed += d.Step - last - 1
		}
		last = d.Step
		if d.Late > interval/10 {
			r.late++
		}
		if d.Stale {
			r.stale++
		}
		if d.By == selfTuning {
			r.fallback++
			if d.Changed {
				reasons = append(reasons, d.Reason)
			}
		}
	}
	r.reasons = strings.Join(reasons, ", ")
	return r, nil
}
