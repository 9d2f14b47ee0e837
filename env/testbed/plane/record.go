package plane

import (
	"net/netip"
	"time"
)

// Record is what the log says of a connection that has ended.
type Record struct {
	Accepted time.Time      // when it was accepted
	Client   netip.AddrPort // as the client's PROXY protocol header says, if there was one
	Peer     netip.AddrPort // the other end of the client's connection
	Listener string         // the address at which it was accepted, as the settings have it
	Server   string         // the last that was tried; empty: none
	Tries    int            // servers that were tried
	Outcome  Outcome
	Wait     time.Duration // in the queue
	Connect  time.Duration // from the last choice of a server until it had accepted; 0: it did not
	First    time.Duration // from accepted to the server's first byte; 0: none came
	Duration time.Duration // from accepted to the end
	Received uint64        // bytes from the client
	Sent     uint64        // bytes to the client
	Loop     int           // the event loop that had it
}
