//go:build !linux

package apache

import (
	"context"
	"net/netip"

	"fairlb/env"
	"fairlb/env/station"
	"fairlb/env/testbed/lab"
)

// Servers stand for the servers where there are none: they are never made.
type Servers struct{}

// Listen returns ErrUnsupported.
func Listen(context.Context, Config) (*Servers, error) { return nil, lab.ErrUnsupported }

// Addresses are none.
func (*Servers) Addresses() []netip.AddrPort { return nil }

// Run returns ErrUnsupported.
func (*Servers) Run(context.Context) error { return lab.ErrUnsupported }

// Restart returns ErrUnsupported.
func (*Servers) Restart([]station.Change) error { return lab.ErrUnsupported }

// Truth returns ErrUnsupported.
func (*Servers) Truth(*env.Truth) error { return lab.ErrUnsupported }

// Throttled returns ErrUnsupported.
func (*Servers) Throttled(int) (periods, throttled int64, err error) { return 0, 0, lab.ErrUnsupported }

// Overflows returns ErrUnsupported.
func (*Servers) Overflows(int) (int, error) { return 0, lab.ErrUnsupported }

// Doubts are none.
func (*Servers) Doubts() []string { return nil }

// Close does nothing.
func (*Servers) Close() error { return nil }
