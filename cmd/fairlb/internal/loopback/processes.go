//go:build linux

package loopback

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fairlb/env/dispatch"
	"fairlb/env/settings"
	"fairlb/env/station"
	"fairlb/env/testbed"
	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/admin"
	"fairlb/env/testbed/shm"
	"fairlb/rewards"
)

// processes are load balancers of ours: `fairlb lb`, a process each, and beside it
// `fairlb agent`, if agents are processes of their own. All there is between them is
// shared memory.
type processes struct {
	env     *Env
	list    []*process
	regions []testbed.Plane // of the load balancers, as who steers them from here has them
}

// process is one load balancer, as this process knows it.
type process struct {
	what      string // for messages
	region    string // its shared memory
	decisions string // the agent's log
	counts    testbed.IntervalCounts
	weights   []float64 // by server, as it was last seen; nil: nobody sets any
	address   netip.AddrPort
	reports   netip.AddrPort // where it hears what servers tell; zero: nowhere
	admin     *admin.Client
}

var _ balancers = (*processes)(nil)

// newProcesses starts load balancers of ours, and their agents. They run until the
// episode's context is done.
func (e *Env) newProcesses(running context.Context, ep *episode) (*processes, error) {
	var servers []string
	for _, a := range e.servers.Addresses() {
		servers = append(servers, a.String())
	}
	p := &processes{env: e}
	for i := range e.sim.LBs {
		path := filepath.Join(e.folder, fmt.Sprintf("episode%d-lb%d", e.begun, i))
		b := &process{what: fmt.Sprintf("load balancer %d", i), region: path, decisions: path + ".decisions", admin: admin.NewClient(path+".sock", patience*time.Second)}
		p.list = append(p.list, b)
		balancer := e.cfg.settings(&e.sim, i, ep.seed, servers, path, e.listen(i))
		balancer.Admin.Socket = path + ".sock"
		if e.cfg.Policy != nil {
			balancer.Rule.Policy = path + ".csv"
			if err := os.WriteFile(balancer.Rule.Policy, []byte(e.cfg.Policy.Text()), 0o600); err != nil {
				return p, fmt.Errorf("%s: %w", b.what, err)
			}
		}
		text, err := settings.Marshal(balancer)
		if err == nil {
			err = os.WriteFile(path+".yaml", text, 0o600)
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", b.what, err)
		}
		c := &child{what: b.what, program: e.cfg.Program, args: []string{"lb", path + ".yaml"}}
		ep.group.Go(func() error { return c.run(running) })
	}
	for _, b := range p.list {
		state, err := b.await(running, func(s *admin.State) bool { return len(s.Listen) > 0 })
		if err == nil {
			b.address, err = netip.ParseAddrPort(state.Listen[0])
		}
		if err == nil && state.Reports != nil {
			b.reports, err = netip.ParseAddrPort(state.Reports.Listen)
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", b.what, err)
		}
	}
	if err := p.startReports(); err != nil {
		return p, err
	}
	if e.cfg.Central {
		return p, p.lend(running, ep)
	}
	return p, p.startAgents(running, ep)
}

// await waits until the state of the load balancer is one that will do.
func (b *process) await(ctx context.Context, will func(*admin.State) bool) (*admin.State, error) {
	for deadline := time.Now().Add(patience * time.Second); ; time.Sleep(2 * time.Millisecond) {
		state, err := b.admin.State(ctx)
		switch {
		case err == nil && will(state):
			return state, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case time.Now().After(deadline):
			return nil, errors.Join(fmt.Errorf("not ready after %d s", patience), err)
		}
	}
}

func (p *processes) addresses() (list []netip.AddrPort) {
	for _, b := range p.list {
		list = append(list, b.address)
	}
	return list
}

func (p *processes) steps(ctx context.Context, begin func() error) (steps, error) {
	e := p.env
	if e.cfg.Heuristic != "" || e.cfg.Agent != nil {
		u := &unobserved{spec: e.spec, begin: begin}
		if e.counting {
			u.look = p.look
		}
		return u, nil
	}
	for _, b := range p.list {
		region, err := p.open(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.what, err)
		}
		p.regions = append(p.regions, region)
	}
	cfg := testbed.Config{
		Planes: p.regions, StepInterval: e.sim.StepInterval, Steps: e.spec.Steps, MaxLogWeight: e.sim.MaxLogWeight, Timeout: e.sim.Timeout,
		Reward: e.cfg.Reward, Patience: patience, Begin: func(context.Context, uint64) error { return begin() },
	}
	if cfg.Reward == (rewards.Reward{}) { // nobody is paid, but something must be computed
		var err error
		if cfg.Reward, err = rewards.New(rewards.Names()[0]); err != nil {
			return nil, err
		}
	}
	for j := range e.sim.Servers {
		cfg.Servers = append(cfg.Servers, serverName(j))
	}
	live, err := testbed.New(ctx, cfg)
	if err != nil {
		return nil, err // and no steps that are a nil pointer
	}
	return live, nil
}

// open returns the plane of a load balancer.
func (p *processes) open(ctx context.Context, b *process) (testbed.Plane, error) {
	if p.env.cfg.Central {
		return p.channel(ctx, b)
	}
	region, err := shm.Open(b.region)
	if err != nil {
		return nil, err // and no plane that is a nil pointer
	}
	return region, nil
}

// tell takes a server out of what a load balancer chooses from, or brings it back: drained,
// whether it is the operator's wish or found out to have failed.
func (p *processes) tell(ctx context.Context, x station.Change) error {
	for _, b := range p.list {
		if err := b.admin.SetDrained(ctx, serverName(x.Index), x.Kind != station.Return); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", b.what, err)
		}
	}
	return nil
}

// faultsInDoubt are those faults of a load balancer that are this machine's.
var faultsInDoubt = []plane.Fault{plane.FilesExhausted, plane.PortsExhausted, plane.AcceptFailed}

func (p *processes) report(ctx context.Context) (doubts, notes []string, err error) {
	for _, b := range p.list {
		state, err := b.admin.State(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", b.what, err)
		}
		for _, fault := range faultsInDoubt {
			if n := state.Faults[fault.String()]; n > 0 {
				doubts = append(doubts, fmt.Sprintf("%s: %s, %d times", b.what, fault, n))
			}
		}
	}
	if dispatch.NeedsTold(p.env.cfg.Heuristic) {
		more, note, err := p.reportReports(ctx)
		if err != nil {
			return nil, nil, err
		}
		doubts, notes = append(doubts, more...), append(notes, note)
	}
	more, others, err := p.reportAgents()
	return append(doubts, more...), slices.Concat(notes, others, p.reportChannels()), err
}

func (p *processes) close() (err error) {
	if t, ok := p.env.servers.(teller); ok {
		err = t.Tell(nil)
	}
	for _, region := range p.regions {
		err = errors.Join(err, region.Close())
	}
	for _, b := range p.list {
		files, _ := filepath.Glob(b.region + "*") // the pattern is well-formed
		for _, path := range files {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}
