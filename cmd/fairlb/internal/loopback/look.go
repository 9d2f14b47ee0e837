//go:build linux

package loopback

import (
	"context"
	"fmt"
	"slices"

	"fairlb/env"
	"fairlb/env/testbed"
	"fairlb/env/testbed/plane/admin"
)

// look asks each load balancer for its state, and returns what it counted at each server
// since it was asked before.
func (p *processes) look(ctx context.Context) (counts [][]env.ServerCounts, err error) {
	for _, b := range p.list {
		state, err := b.admin.State(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.what, err)
		}
		r := testbed.Reading{}
		weights := []float64{}
		for j := range p.env.sim.Servers {
			k := slices.IndexFunc(state.Servers, func(s admin.ServerState) bool { return s.Name == serverName(j) })
			if k < 0 {
				return nil, fmt.Errorf("%s: it has no %s", b.what, serverName(j))
			}
			s := &state.Servers[k]
			r.Servers = append(r.Servers, testbed.Server{
				Name: s.Name, In: s.In, Ongoing: s.Active, Dispatched: s.Dispatched, Completed: s.Completed, Failed: s.Failed, DurationSum: s.DurationSum, CountSum: s.CountSum,
			})
			weights = append(weights, s.Weight)
		}
		if b.weights = nil; p.env.cfg.Agent != nil && slices.Min(weights) > 0 {
			b.weights = weights
		}
		row, _ := b.counts.Next(&r)
		counts = append(counts, row)
	}
	return counts, nil
}

func (p *processes) weights() (list [][]float64) {
	for _, b := range p.list {
		if b.weights == nil {
			return nil
		}
		list = append(list, b.weights)
	}
	return list
}
