package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/health"
)

var _ prometheus.Collector = (*Collector)(nil)

// Balancer is what metrics are told of.
type Balancer interface{ Snapshot() plane.Snapshot }

// Checks is what health checks have found.
type Checks interface{ Status() []health.Status }

// Collector makes metrics of a balancer's state whenever it is asked. A state that a
// balancer cannot have (two outcomes of one name) makes an error of the answer.
type Collector struct {
	balancer Balancer
	checks   Checks // nil: there are none
	table    table
}

// New returns the Collector of a balancer; checks may be nil.
func New(b Balancer, checks Checks) *Collector {
	return &Collector{balancer: b, checks: checks, table: newTable()}
}

// Describe implements prometheus.Collector. The name of the balancer is not known yet, so
// nothing is described.
func (*Collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	s := c.balancer.Snapshot()
	for k := range c.table.whole {
		m := &c.table.whole[k]
		to <- m.metric(m.value(&s), s.Name)
	}
	to <- c.table.decider.metric(1, s.Name, s.Decider)
	for o, n := range s.Ended {
		to <- c.table.ended.metric(float64(n), s.Name, plane.Outcome(o).String())
	}
	for f, n := range s.Faults {
		to <- c.table.faults.metric(float64(n), s.Name, plane.Fault(f).String())
	}
	if r := s.Reports; r != nil {
		to <- c.table.heard.metric(float64(r.Heard), s.Name)
		for k, n := range r.Refused {
			to <- c.table.refused.metric(float64(n), s.Name, plane.Refusal(k).String())
		}
	}
	for k := range c.table.histograms {
		h := &c.table.histograms[k]
		to <- newHistogram(h.desc, h.value(&s), s.Name)
	}
	for k := range s.Loops {
		for j := range c.table.loops {
			m := &c.table.loops[j]
			to <- m.metric(m.value(&s.Loops[k]), s.Name, strconv.Itoa(k))
		}
	}
	c.collectServers(to, &s)
}

// serverKey is what tells servers apart for Prometheus. A server that leaves and comes
// back, and whose old connections go on, is twice in a Snapshot.
type serverKey struct{ name, address string }

// collectServers makes the metrics of servers: where two have one key, of that which has
// not left.
func (c *Collector) collectServers(to chan<- prometheus.Metric, s *plane.Snapshot) {
	checked := map[string]*health.Status{}
	if c.checks != nil {
		list := c.checks.Status()
		for k := range list {
			checked[list[k].Name] = &list[k]
		}
	}
	told := map[serverKey]bool{}
	for _, leaving := range []bool{false, true} {
		for k := range s.Servers {
			server := &s.Servers[k]
			key := serverKey{server.Name, server.Address}
			if server.Leaving != leaving || told[key] {
				continue
			}
			told[key] = true
			for j := range c.table.servers {
				m := &c.table.servers[j]
				to <- m.metric(m.value(server), s.Name, key.name, key.address)
			}
			for j := range c.table.reports {
				if m := &c.table.reports[j]; server.Reports > 0 {
					to <- m.metric(m.value(server), s.Name, key.name, key.address)
				}
			}
			if status := checked[server.Name]; status != nil && !leaving {
				for j := range c.table.checks {
					m := &c.table.checks[j]
					to <- m.metric(m.value(status), s.Name, key.name, key.address)
				}
			}
		}
	}
}
