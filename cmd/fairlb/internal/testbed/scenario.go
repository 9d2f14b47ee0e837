package testbed

import (
	"fmt"
	"net/netip"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
	"fairlb/env/testbed/client"
	"fairlb/env/testbed/emulated"
	"fairlb/env/workload"
)

// maxPort is the last port of TCP.
const maxPort = 65535

// Servers returns the emulated servers of a scenario, which listen on loopback at as many
// ports from first on; first is 0 for ports that are free.
func Servers(s *scenario.Scenario, first int) (emulated.Config, error) {
	sim, err := s.Config()
	if err != nil {
		return emulated.Config{}, err
	}
	if len(sim.Random) > 0 {
		return emulated.Config{}, invalid.Errorf("scenario %s: servers change at random, which those of the testbed do not", s.Name)
	}
	cfg := emulated.Config{Config: sim.Config, Changes: sim.Changes, Retries: sim.SYNRetries, Timeout: sim.Timeout, CountHeader: sim.CarryCounts}
	n := len(cfg.Servers)
	if first < 0 || first > maxPort-n+1 {
		return emulated.Config{}, invalid.Errorf("port %d: %d servers need ports from 1 to %d, or 0 for those that are free", first, n, maxPort)
	}
	for k := range n {
		if first > 0 {
			cfg.Ports = append(cfg.Ports, uint16(first+k))
		}
	}
	return cfg, nil
}

// Client returns a client that sends a scenario's requests to load balancers, and the
// requests of a seed.
func Client(s *scenario.Scenario, targets []netip.AddrPort, seed uint64) (client.Config, workload.Source, error) {
	sim, err := s.Config()
	if err != nil {
		return client.Config{}, nil, err
	}
	source, err := sim.Workload(seed)
	if err != nil {
		return client.Config{}, nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return client.Config{Targets: targets, Classes: sim.Classes, Duration: sim.Duration, Timeout: sim.Timeout}, source, nil
}
