package loopback

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/testbed/apache"
	"fairlb/env/testbed/emulated"
)

// The kinds of servers.
const (
	Emulated = "emulated" // they sleep instead of computing
	Apache   = "apache"   // they compute, as root
)

// Setup is what there is before and behind the load balancers, and what they do of it.
type Setup struct {
	Servers string // Emulated or Apache; none: Emulated
	Edge    string // ECMP; none: clients know the load balancers
	// Checked lets load balancers find out by themselves which servers fail, as they do
	// where they work; else they learn it by the schedule alone, as in the simulator.
	Checked bool
}

// Check says whether there can be such a setup of a scenario on this machine, with load
// balancers of a heuristic.
func (x Setup) Check(s scenario.Scenario, heuristic string) error {
	return errors.Join(CheckServers(s, x.Servers), CheckEdge(x.Edge, heuristic, s.LBs), x.checkReports(s, heuristic))
}

// checkReports says whether servers of this setup can tell load balancers of a heuristic
// what that heeds.
func (x Setup) checkReports(s scenario.Scenario, heuristic string) error {
	switch {
	case !dispatch.NeedsTold(heuristic):
		return nil
	case x.Servers == Apache:
		return fmt.Errorf("%w: target %q: --servers %s tell nothing of how many requests they have", ErrNotLive, heuristic, x.Servers)
	case x.Edge == ECMP && s.Reports.Carried:
		return fmt.Errorf("%w: target %q: reports.carried behind --edge %s: servers cannot tell load balancers of one address apart; set reports.every alone", ErrNotLive, heuristic, x.Edge)
	}
	return nil
}

// servers are those of an environment: they live as long as it does. All methods but Run
// and Close may be called while Run runs.
type servers interface {
	// Addresses are where they listen, by server.
	Addresses() []netip.AddrPort
	// Run serves until ctx is done.
	Run(ctx context.Context) error
	// Restart begins an episode: the servers are empty, and change as the schedule says,
	// whose time 0 is now.
	Restart(changes []station.Change) error
	env.GroundTruth
	// Doubts says why the episode is no measurement, if the servers made it none.
	Doubts() []string
	// Close ends them, after Run.
	Close() error
}

var (
	_ servers = (*emulated.Servers)(nil)
	_ servers = (*apache.Servers)(nil)
)

// teller is servers that tell load balancers how many requests they have.
type teller interface {
	// Tell has them tell these load balancers from now on, and no others.
	Tell(balancers []emulated.Balancer) error
	// Report says how many messages they sent since Restart.
	Report() emulated.Report
}

var _ teller = (*emulated.Servers)(nil)

// newServers returns the servers of a scenario, of a kind; none is emulated. They tell what
// a heuristic heeds.
func newServers(s *sim.Config, kind, heuristic string) (servers, error) {
	if kind == Apache {
		a, err := apache.Listen(context.Background(), apacheConfig(s))
		if err != nil {
			return nil, err // and no servers that are a nil pointer
		}
		return a, nil
	}
	cfg := emulated.Config{Config: s.Config, Retries: s.SYNRetries, Timeout: s.Timeout}
	if dispatch.NeedsTold(heuristic) {
		cfg.TellEvery, cfg.TellResponses = s.TellEvery, s.CarryCounts
	}
	e, err := emulated.Listen(cfg)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func apacheConfig(s *sim.Config) apache.Config {
	return apache.Config{Config: s.Config, Retries: len(s.SYNRetries) > 0}
}

// CheckServers says whether servers of a kind can be those of a scenario, and are to be had
// on this machine.
func CheckServers(s scenario.Scenario, kind string) error {
	if kind != Apache {
		return nil
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	var faults []error
	for k, x := range cfg.Random {
		switch x.Kind {
		case station.SetSpeed, station.SetCPUs, station.Drain:
		default:
			faults = append(faults, fmt.Errorf("random_changes[%d]: Apache's servers change their speed and their processors, have no background jobs, and do not fail", k))
		}
	}
	faults = append(faults, apacheConfig(&cfg).Validate(cfg.Changes), apache.Check())
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("%w: --servers %s: %w", ErrNotLive, kind, err)
	}
	return nil
}

// Differences lists what is otherwise than a scenario says.
func (x Setup) Differences(s scenario.Scenario) []string {
	list := Differences(s)
	if x.Servers != Apache {
		return list
	}
	list = append(list, "Apache and PHP take some processor time for themselves with each request, which the simulator's servers do not")
	if !s.CPU.Prefork {
		list = append(list, "a worker of Apache is held through IO, too")
	}
	if s.CPU.ThreadsPerCore > 1 || s.CPU.Contention > 0 {
		list = append(list, "Apache's processors are a quota of this machine's cores, as large as what the scenario's threads do together; how few requests share it is this machine's")
	}
	list = append(list, "requests sleep their IO beside each other, where the simulator's share one device", "Linux drops what finds a backlog full before it is connected, and refuses it only as it connects")
	return list
}
