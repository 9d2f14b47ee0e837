package balancer

// This file is what a Balancer knows of servers that are full (Config.Limits). Its view
// bars them until one of their flows ends.

// isFull says whether a server has as many ongoing flows as it may have.
func (b *Balancer) isFull(server int) bool {
	return b.limits != nil && b.limits[server] > 0 && b.view.Ongoing[server] >= b.limits[server]
}

// updateFull bars a server whose count has changed, or no longer bars it.
func (b *Balancer) updateFull(server int) {
	if b.limits == nil {
		return
	}
	full := b.isFull(server)
	if full == b.view.Barred(server) {
		return
	}
	b.view.SetBarred(server, full)
	switch {
	case b.view.Out[server]:
	case full:
		b.full++
	default:
		b.full--
	}
}

// recountFull brings up to date which servers are full after counts were written anew.
func (b *Balancer) recountFull() {
	if b.limits == nil {
		return
	}
	b.full = 0
	for j := range b.limits {
		full := b.isFull(j)
		b.view.SetBarred(j, full)
		if full && !b.view.Out[j] {
			b.full++
		}
	}
}
