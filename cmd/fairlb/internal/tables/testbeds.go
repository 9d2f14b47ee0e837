package tables

import (
	"fmt"
	"math"
	"strings"

	"fairlb/env/scenario"
	"fairlb/results/published"
)

// OwnTestbeds returns our testbeds as rows of Table 8, counted in the scenarios that they
// play.
func OwnTestbeds() ([]published.Testbed, error) {
	moderate, err := played("web-moderate/period-")
	if err != nil {
		return nil, err
	}
	large, err := played("web-large/rate-")
	if err != nil {
		return nil, err
	}
	return []published.Testbed{
		moderate.row("ours, moderate", "", "servers emulated, on loopback"),
		large.row("ours, large", "", "servers emulated, on loopback"),
		moderate.row("ours, Apache", " x scale", "real servers, under quotas"),
	}, nil
}

// counts are what is counted in scenarios that differ in their rate alone.
type counts struct {
	balancers, servers, cpus int
	low, high                float64 // requests/s
}

// played counts in the built-in scenarios whose names begin so.
func played(begin string) (counts, error) {
	c := counts{low: math.Inf(1)}
	for _, entry := range scenario.List() {
		if !strings.HasPrefix(entry.Name, begin) {
			continue
		}
		s, err := scenario.Load(entry.Name, nil)
		if err != nil {
			return c, err
		}
		c.balancers, c.servers, c.cpus = s.LBs, 0, 0
		for _, g := range s.Servers {
			c.servers += g.Count
			c.cpus += g.Count * g.CPUs
		}
		c.low, c.high = min(c.low, s.Workload.Arrivals.Rate), max(c.high, s.Workload.Arrivals.Rate)
	}
	return c, nil
}

// row makes a row of them; scaled stands behind what a machine's size scales.
func (c counts) row(name, scaled, remark string) published.Testbed {
	return published.Testbed{
		Name: name, Balancers: fmt.Sprint(c.balancers), Servers: fmt.Sprintf("%d (%d CPUs%s)", c.servers, c.cpus, scaled),
		Load: fmt.Sprintf("%.0f to %.0f requests/s%s", c.low, c.high, scaled), Remark: remark, Source: "env/scenario",
	}
}
