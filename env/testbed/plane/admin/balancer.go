package admin

import (
	"net/http"
	"net/netip"

	"github.com/sirupsen/logrus"

	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/health"
)

var _ Balancer = (*plane.Plane)(nil)

// Balancer is what is watched and steered.
type Balancer interface {
	Snapshot() plane.Snapshot
	Addresses() []netip.AddrPort
	SetWeights(weights map[string]float64) error
	SetDrained(server string, drained bool) error
}

// Condition is how the process that has the balancer is.
type Condition interface {
	// Unhealthy says why the process should be started anew; empty: it works.
	Unhealthy() string
	// Unready says why clients should be sent elsewhere; empty: they need not.
	Unready() string
	// WantReady is the administrator's word on whether clients should be sent here.
	// Ready wants more than that word.
	WantReady(want bool)
}

// Checks is what health checks have found.
type Checks interface{ Status() []health.Status }

// Config is what the interface is made of.
type Config struct {
	Balancer  Balancer
	Condition Condition
	Checks    Checks       // nil: there are none
	Metrics   http.Handler // of /metrics
	Logger    logrus.FieldLogger
}
