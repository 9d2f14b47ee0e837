//go:build !linux

package edge

import (
	"net/netip"

	"fairlb/env/testbed/lab"
)

// Edge stands for the edge where there is none: it is never made.
type Edge struct{}

// New returns ErrUnsupported.
func New(int) (*Edge, error) { return nil, lab.ErrUnsupported }

// Clients is nowhere.
func (*Edge) Clients() string { return "" }

// Balancer is nowhere.
func (*Edge) Balancer(int) string { return "" }

// Address is none.
func (*Edge) Address() netip.AddrPort { return netip.AddrPort{} }

// Close does nothing.
func (*Edge) Close() error { return nil }
