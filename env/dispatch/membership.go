package dispatch

import "math/rand/v2"

// membership lists the servers that take requests, for rules that draw from
// such a list.
type membership struct {
	in  []int32 // the servers that take requests, in ascending order
	out []bool  // by server, as the rule saw it at its last pick
}

func newMembership(servers int) membership {
	m := membership{in: make([]int32, servers), out: make([]bool, servers)}
	for j := range m.in {
		m.in[j] = int32(j)
	}
	return m
}

// update takes over from the View which servers are out. It says whether any
// went out or came in.
func (m *membership) update(v *View) bool {
	changed := false
	switch {
	case v.changed != nil:
		for _, j := range v.changed {
			changed = m.set(int(j), v.out(int(j))) || changed
		}
	case v.Out == nil && v.barred == nil && len(m.in) == len(m.out):
	default:
		for j := range m.out {
			changed = m.set(j, v.out(j)) || changed
		}
	}
	if !changed {
		return false
	}
	m.in = m.in[:0]
	for j, out := range m.out {
		if !out {
			m.in = append(m.in, int32(j))
		}
	}
	return true
}

// set notes whether a server is out and says whether that is new.
func (m *membership) set(server int, out bool) bool {
	if m.out[server] == out {
		return false
	}
	m.out[server] = out
	return true
}

// pair draws two different servers that are in, each pair with the same chance;
// if only one is in, it returns that one twice.
func (m *membership) pair(rng *rand.Rand) (int, int) {
	n := len(m.in)
	if n == 1 {
		return int(m.in[0]), int(m.in[0])
	}
	a, b := rng.IntN(n), rng.IntN(n-1)
	if b >= a {
		b++
	}
	return int(m.in[a]), int(m.in[b])
}
