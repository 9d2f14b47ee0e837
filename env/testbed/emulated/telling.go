package emulated

import "net/netip"

// Balancer is a load balancer that servers tell how many requests they have.
type Balancer struct {
	Reports netip.AddrPort // where it hears their messages (UDP, IPv4; package report)
	// Clients is where its clients connect: what the headers of connections by it name
	// (Config.TellResponses).
	Clients netip.AddrPort
}
