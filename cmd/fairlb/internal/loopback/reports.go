//go:build linux

package loopback

import (
	"context"
	"fmt"

	"fairlb/env/dispatch"
	"fairlb/env/testbed/emulated"
	"fairlb/env/testbed/plane"
)

// startReports has servers tell the load balancers that hear it how many requests they
// have.
func (p *processes) startReports() error {
	if !dispatch.NeedsTold(p.env.cfg.Heuristic) {
		return nil
	}
	var told []emulated.Balancer
	for _, b := range p.list {
		told = append(told, emulated.Balancer{Reports: b.reports, Clients: b.address})
	}
	return p.env.servers.(teller).Tell(told) // Setup.Check has said that they can
}

// maxUnheard is the part of what servers told that load balancers may not have heard in an
// episode that is a measurement.
const maxUnheard = 0.01

// reportReports says what the load balancers have heard of what servers told, which tell
// them no more from now on.
func (p *processes) reportReports(ctx context.Context) (doubts []string, note string, err error) {
	servers := p.env.servers.(teller)
	if err := servers.Tell(nil); err != nil {
		return nil, "", err
	}
	told, heard := uint64(servers.Report().Told), uint64(0)
	for _, b := range p.list {
		state, err := b.admin.State(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", b.what, err)
		}
		heard += state.Reports.Heard
		for k := range plane.Refusals {
			if n := state.Reports.Refused[k.String()]; n > 0 {
				doubts = append(doubts, fmt.Sprintf("%s: refused what servers told of their requests %d times: %s", b.what, n, k))
			}
		}
	}
	if told == 0 || float64(heard) < (1-maxUnheard)*float64(told) {
		doubts = append(doubts, fmt.Sprintf("of %d messages in which servers told how many requests they had load balancers heard %d", told, heard))
	}
	return doubts, fmt.Sprintf("servers told how many requests they had in %d messages, of which load balancers heard %d", told, heard), nil
}
