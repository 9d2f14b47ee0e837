package twoservers

import "fairlb/eval/theory/markov"

// space numbers the states of a model: pairs of queue lengths, or what is own in them
// as well. States of the same lengths are neighbours, and are a group.
type space struct {
	queue  int
	apart  bool
	first  []int    // by group, the number of its first state
	states []queues // by number
	group  []int    // by number
}

// newSpace lists the states.
func (m *Model) newSpace() *space {
	x := &space{queue: m.Queue, apart: m.apart()}
	for fast := range m.Queue + 1 {
		for slow := range m.Queue + 1 {
			x.first = append(x.first, len(x.states))
			if !x.apart {
				x.states = append(x.states, queues{own: [2]int{fast, slow}})
				x.group = append(x.group, len(x.first)-1)
				continue
			}
			for a := range fast + 1 {
				for b := range slow + 1 {
					x.states = append(x.states, queues{[2]int{a, b}, [2]int{fast - a, slow - b}})
					x.group = append(x.group, len(x.first)-1)
				}
			}
		}
	}
	return x
}

// number returns the number of a state.
func (x *space) number(q queues) int {
	slow := q.length(1)
	first := x.first[q.length(0)*(x.queue+1)+slow]
	if !x.apart {
		return first
	}
	return first + q.own[0]*(slow+1) + q.own[1]
}

// event is one way that a slot, or an instant, can go: what the queues are then, and
// its chance or rate. Refused counts the tasks that were lost.
type event struct {
	queues
	refused int
	rate    float64
}

// arrival returns what may become of a task that arrives: it is sent by what was
// there at seen, and admitted by what is there at q.
func (m *Model) arrival(seen, q queues, own bool) []event {
	var list []event
	fast := m.chance(seen, own)
	for server, p := range [2]float64{fast, 1 - fast} {
		if p == 0 {
			continue
		}
		to := server
		if q.length(to) == m.Queue && m.Full == Diverted {
			to = 1 - server
		}
		e := event{queues: q, rate: p}
		switch {
		case q.length(to) == m.Queue:
			e.refused = 1
		case own || !m.apart():
			e.own[to]++
		default:
			e.rest[to]++
		}
		list = append(list, e)
	}
	return list
}

// departure returns what may become of a server as it completes a task, which is each
// of those there with the same chance (processor sharing, or service at random).
func departure(q queues, server int) []event {
	var list []event
	n := float64(q.length(server))
	if k := q.own[server]; k > 0 {
		e := event{queues: q, rate: float64(k) / n}
		e.own[server]--
		list = append(list, e)
	}
	if k := q.rest[server]; k > 0 {
		e := event{queues: q, rate: float64(k) / n}
		e.rest[server]--
		list = append(list, e)
	}
	return list
}

// events lists what may happen at a state, at which rates (1/s).
func (m *Model) events(q queues) []event {
	if m.Slot > 0 {
		return m.slotEvents(q)
	}
	var list []event
	add := func(rate float64, of []event) {
		for _, e := range of {
			e.rate *= rate
			if e.rate > 0 {
				list = append(list, e)
			}
		}
	}
	add(m.Seen*m.rate(), m.arrival(q, q, true))
	if m.Seen < 1 {
		add((1-m.Seen)*m.rate(), m.arrival(q, q, false))
	}
	for j, v := range m.Speeds {
		add(v, departure(q, j))
	}
	return list
}

// slotEvents lists what may have happened at the end of a slot, by its chance over the
// slot's length.
func (m *Model) slotEvents(seen queues) []event {
	list := []event{{queues: seen, rate: 1 / m.Slot}}
	maybe := func(chance float64, then func(q queues) []event) {
		if chance == 0 {
			return
		}
		var next []event
		for _, before := range list {
			if rest := before.rate * (1 - chance); rest > 0 {
				next = append(next, event{before.queues, before.refused, rest})
			}
			for _, e := range then(before.queues) {
				next = append(next, event{e.queues, before.refused + e.refused, before.rate * chance * e.rate})
			}
		}
		list = next
	}
	for j, v := range m.Speeds {
		if seen.length(j) > 0 {
			maybe(v*m.Slot, func(q queues) []event { return departure(q, j) })
		}
	}
	maybe(m.Seen*m.rate()*m.Slot, func(q queues) []event { return m.arrival(seen, q, true) })
	maybe((1-m.Seen)*m.rate()*m.Slot, func(q queues) []event { return m.arrival(seen, q, false) })
	return list
}

// chain returns the Markov chain over the states of the space.
func (m *Model) chain(x *space) (*markov.Chain, error) {
	var transitions []markov.Transition
	for k, q := range x.states {
		for _, e := range m.events(q) {
			if to := x.number(e.queues); to != k {
				transitions = append(transitions, markov.Transition{From: k, To: to, Rate: e.rate})
			}
		}
	}
	return markov.NewChain(len(x.states), transitions)
}
