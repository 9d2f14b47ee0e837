package dispatch

import "math/rand/v2"

// members are the servers that take requests, as far as one rule has seen.
type members struct {
	in  []int32 // in the order of the servers, so that it follows from out alone
	out []bool
}

func newMembers(servers int) members {
	m := members{in: make([]int32, servers), out: make([]bool, servers)}
	for j := range m.in {
		m.in[j] = int32(j)
	}
	return m
}

// update takes over what the View says of the servers that changed. It says
// whether any came or went.
func (m *members) update(v *View) bool {
	came := false
	switch {
	case v.changed != nil:
		for _, j := range v.changed {
			came = m.note(int(j), v.out(int(j))) || came
		}
	case v.Out == nil && len(m.in) == len(m.out):
	default:
		for j := range m.out {
			came = m.note(j, v.out(j)) || came
		}
	}
	if !came {
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

func (m *members) note(server int, out bool) bool {
	if m.out[server] == out {
		return false
	}
	m.out[server] = out
	return true
}

// pair draws two of the servers, each pair as likely; twice the same if there
// is only one.
func (m *members) pair(rng *rand.Rand) (int, int) {
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
