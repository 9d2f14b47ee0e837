package plane

import (
	"net/netip"
	"slices"
	"strconv"

	"fairlb/env/dispatch"
	"fairlb/env/testbed/plane/replica"
)

// parameters is what the loops go by. Nobody changes it: a reload makes another.
type parameters struct {
	config    Config // complete
	servers   []*server
	byName    map[string]*server // those that have not left
	reporters map[string]*server // the same by what their reports call them: names and addresses
	from      []netip.Prefix     // Reports.From

	connect, idle, halfClose, handshake, queueWait int64 // ns
	splice                                         uint64
}

// server is one of the pool, or one that has left it and whose connections go on.
type server struct {
	name    string
	address netip.AddrPort
	raw     rawAddress
	version int // of the PROXY protocol that it is told; 0: none
	slot    uint32
	leaving bool
}

// newParameters returns what settings say, with the servers in their slots, by which it
// has those of before, too, that have left.
func newParameters(cfg Config, before *parameters) (*parameters, error) {
	ns := func(seconds float64) int64 { return int64(seconds * 1e9) }
	p := &parameters{
		config: cfg.Complete(), byName: map[string]*server{}, reporters: map[string]*server{},
		connect: ns(cfg.Timeouts.Connect), idle: ns(cfg.Timeouts.Idle), halfClose: ns(cfg.Timeouts.HalfClose), handshake: ns(cfg.Timeouts.Handshake),
		queueWait: ns(cfg.Limits.QueueWait), splice: uint64(cfg.Limits.Splice),
	}
	if before != nil {
		p.servers = slices.Clone(before.servers)
		for k, s := range p.servers {
			if s != nil {
				left := *s
				left.leaving = true
				p.servers[k] = &left
			}
		}
	}
	for _, c := range p.config.Servers {
		address, err := ParseAddress(c.Address)
		if err != nil {
			return nil, err
		}
		s := &server{name: c.Name, address: address, raw: newRawAddress(address), slot: p.slotOf(c.Name, address)}
		if c.ProxyProtocol != "none" {
			s.version, _ = strconv.Atoi(c.ProxyProtocol[1:]) // v1 or v2
		}
		for int(s.slot) >= len(p.servers) {
			p.servers = append(p.servers, nil)
		}
		p.servers[s.slot], p.byName[s.name] = s, s
		p.reporters[c.Address], p.reporters[address.String()] = s, s
	}
	for _, c := range p.config.Servers { // a name goes before another server's address
		p.reporters[c.Name] = p.byName[c.Name]
	}
	for _, text := range p.config.Reports.From {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, err
		}
		p.from = append(p.from, prefix)
	}
	return p, nil
}

// slotOf returns the slot of a server that was there before, or else one that is free.
func (p *parameters) slotOf(name string, address netip.AddrPort) uint32 {
	for slot, s := range p.servers {
		if s != nil && s.name == name && s.address == address {
			return uint32(slot)
		}
	}
	if slot := slices.Index(p.servers, nil); slot >= 0 {
		return uint32(slot)
	}
	return uint32(len(p.servers))
}

// without returns parameters in which the slots of servers that have left and have no
// connection any more are free.
func (p *parameters) without(free func(slot uint32) bool) *parameters {
	next := *p
	next.servers = slices.Clone(p.servers)
	for slot, s := range next.servers {
		if s != nil && s.leaving && free(uint32(slot)) {
			next.servers[slot] = nil
		}
	}
	return &next
}

// pool returns the servers as a replica is told of them.
func (p *parameters) pool() (pool *replica.Pool, err error) {
	pool = &replica.Pool{Rule: p.config.Rule.Name, Fallback: p.config.Rule.Fallback}
	for _, c := range p.config.Servers {
		pool.Slots = append(pool.Slots, p.byName[c.Name].slot)
		pool.Limits = append(pool.Limits, int32(c.MaxConnections))
		pool.Options.Capacity = append(pool.Options.Capacity, c.Capacity)
	}
	pool.Options.Ties, err = dispatch.ParseTies(p.config.Rule.Ties)
	pool.Options.Told = p.config.Reports.Listen != ""
	pool.Options.LB, pool.Options.LBs = p.config.Rule.Index, p.config.Rule.Of
	if path := p.config.Rule.Policy; path != "" && err == nil {
		pool.Options.Policy, err = readPolicy(path)
	}
	return pool, err
}
