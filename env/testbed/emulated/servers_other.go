//go:build !linux

package emulated

import (
	"context"
	"net/netip"

	"fairlb/env"
	"fairlb/env/station"
)

// Servers stand for emulated servers where there are none: they are never made.
type Servers struct{}

// Listen returns ErrUnsupported.
func Listen(Config) (*Servers, error) { return nil, ErrUnsupported }

// Addresses are none.
func (*Servers) Addresses() []netip.AddrPort { return nil }

// Run returns ErrUnsupported.
func (*Servers) Run(context.Context) error { return ErrUnsupported }

// Restart returns ErrUnsupported.
func (*Servers) Restart([]station.Change) error { return ErrUnsupported }

// Tell returns ErrUnsupported.
func (*Servers) Tell([]Balancer) error { return ErrUnsupported }

// Report is empty.
func (*Servers) Report() Report { return Report{} }

// Truth returns ErrUnsupported.
func (*Servers) Truth(*env.Truth) error { return ErrUnsupported }

// Close does nothing.
func (*Servers) Close() error { return nil }
