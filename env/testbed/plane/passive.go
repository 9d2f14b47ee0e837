package plane

// passive is what failed connections tell of servers: one that fails several in a row is
// put out for a time, which doubles each time that it fails again once it is back. It
// is pure: whoever uses it puts servers out and in as it says.
type passive struct {
	failures int     // in a row that put a server out; 0: never
	penalty  float64 // s, for which it is out the first time
	servers  []strikes
	out      int // servers that are out
}

// strikes is what is known of one server.
type strikes struct {
	row     int     // connections that failed, since one went well
	returns int     // times that the server was put out, since a connection went well
	out     bool    // it is out
	until   float64 // s, when it comes back
}

// maxReturns bounds the penalty: 2^maxReturns times the first.
const maxReturns = 6

// server returns what is known of the server in a slot.
func (p *passive) server(slot uint32) *strikes {
	for int(slot) >= len(p.servers) {
		p.servers = append(p.servers, strikes{})
	}
	return &p.servers[slot]
}

// failed notes a connection that failed, and says whether the server is to be put out.
// The caller says whether others are in: the last one stays, since it is better than
// none.
func (p *passive) failed(slot uint32, now float64, others bool) bool {
	s := p.server(slot)
	s.row++
	if p.failures == 0 || s.out || s.row < p.failures || !others {
		return false
	}
	s.out, s.until = true, now+p.penalty*float64(int(1)<<min(s.returns, maxReturns))
	s.returns++
	p.out++
	return true
}

// completed notes a connection that went well.
func (p *passive) completed(slot uint32) {
	s := p.server(slot)
	s.row = 0
	if !s.out {
		s.returns = 0
	}
}

// forgive brings a server back in at once and forgets its failures. It says whether it
// was out.
func (p *passive) forgive(slot uint32) bool {
	s := p.server(slot)
	was := s.out
	if was {
		p.out--
	}
	*s = strikes{}
	return was
}

// back calls in for each server whose time has passed. One more failure puts it
// out again, for twice as long.
func (p *passive) back(now float64, in func(slot uint32)) {
	if p.out == 0 {
		return
	}
	for slot := range p.servers {
		s := &p.servers[slot]
		if !s.out || s.until > now {
			continue
		}
		s.out, s.row = false, p.failures-1
		p.out--
		in(uint32(slot))
	}
}
