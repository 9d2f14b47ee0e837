package potential

import (
	"cmp"
	"maps"
	"slices"

	"fairlb/eval/theory/game"
)

// Slotted is a Markov game of two LBs and two servers over a few slots, from empty
// queues. In each slot each LB gets a task with some chance and sends it by its policy,
// which sees its own tasks; then servers complete tasks. The load l_ij is the time that
// LB i's tasks on server j would take it, their number over its speed.
type Slotted struct {
	Speeds   [2]float64 // chance that a server completes a task in a slot
	Arrivals [2]float64 // chance that an LB gets a task
	Slots    int

	// Apart says that a server completes each of its tasks by itself, with the chance
	// Speeds, so that LBs do not slow each other down; else it completes one of them,
	// each with the same chance.
	Apart bool
}

// Policy is a policy of an LB: the chance that it sends a task to the first server
// when it has so many of its own on each.
type Policy struct {
	Name  string
	First func(own [2]int) float64
}

// Policies lists those among which an LB of a Slotted game chooses.
func (s *Slotted) Policies() []Policy {
	always := func(p float64) func([2]int) float64 { return func([2]int) float64 { return p } }
	shortest := func(first, second float64) func([2]int) float64 {
		return func(own [2]int) float64 {
			switch c := cmp.Compare(float64(own[0]+1)*second, float64(own[1]+1)*first); {
			case c < 0:
				return 1
			case c > 0:
				return 0
			}
			return 0.5
		}
	}
	v := s.Speeds
	return []Policy{
		{"first server", always(1)}, {"second server", always(0)}, {"ECMP", always(0.5)}, {"WCMP", always(v[0] / (v[0] + v[1]))},
		{"LSQ", shortest(1, 1)}, {"SED", shortest(v[0], v[1])}, {"SED, inverted", shortest(v[1], v[0])},
	}
}

// counts is the tasks of each LB on each server.
type counts [2][2]int8

// distribution is over counts, in a fixed order.
type distribution []chance

type chance struct {
	counts
	p float64
}

// spread replaces each state by what it may become, and adds up equal ones.
func (d distribution) spread(then func(c counts, add func(to counts, p float64))) distribution {
	sum := map[counts]float64{}
	for _, x := range d {
		then(x.counts, func(to counts, p float64) {
			if p > 0 {
				sum[to] += x.p * p
			}
		})
	}
	var out distribution
	for _, c := range slices.SortedFunc(maps.Keys(sum), compareCounts) {
		out = append(out, chance{c, sum[c]})
	}
	return out
}

func compareCounts(a, b counts) int {
	return cmp.Or(slices.Compare(a[0][:], b[0][:]), slices.Compare(a[1][:], b[1][:]))
}

// Game returns the game whose choices are Policies and whose payoffs are expected sums
// of rewards, and the expected sum of the VBF of all loads by profile: the potential of
// Theorem 14.
func (s *Slotted) Game(r Reward) (*game.Game, []float64) {
	policies := s.Policies()
	g := &game.Game{Choices: []int{len(policies), len(policies)}, Payoff: make([][]float64, 2)}
	var team []float64
	for p := range g.Profiles() {
		var sums [2]float64
		total := 0.0
		d := distribution{{p: 1}}
		for range s.Slots {
			for lb := range 2 {
				d = s.arrive(d, lb, policies[g.Choice(p, lb)])
			}
			for server := range 2 {
				d = s.serve(d, server)
			}
			for _, x := range d {
				loads := s.loads(x.counts)
				total += x.p * TeamVBF.pay(loads, 0)
				for lb := range 2 {
					sums[lb] += x.p * r.pay(loads, lb)
				}
			}
		}
		team = append(team, total)
		for lb := range 2 {
			g.Payoff[lb] = append(g.Payoff[lb], sums[lb])
		}
	}
	return g, team
}

// loads returns the loads of a state, by LB and server.
func (s *Slotted) loads(c counts) [][]float64 {
	list := make([][]float64, 2)
	for lb := range 2 {
		for server, v := range s.Speeds {
			list[lb] = append(list[lb], float64(c[lb][server])/v)
		}
	}
	return list
}

// arrive is a task that an LB may get.
func (s *Slotted) arrive(d distribution, lb int, policy Policy) distribution {
	a := s.Arrivals[lb]
	return d.spread(func(c counts, add func(counts, float64)) {
		add(c, 1-a)
		first := policy.First([2]int{int(c[lb][0]), int(c[lb][1])})
		for server, p := range [2]float64{first, 1 - first} {
			if a*p > 0 {
				to := c
				to[lb][server]++
				add(to, a*p)
			}
		}
	})
}

// serve is what a server does in a slot.
func (s *Slotted) serve(d distribution, server int) distribution {
	v := s.Speeds[server]
	if s.Apart {
		for lb := range 2 {
			d = d.spread(func(c counts, add func(counts, float64)) {
				for done, p := range binomial(int(c[lb][server]), v) {
					to := c
					to[lb][server] -= int8(done)
					add(to, p)
				}
			})
		}
		return d
	}
	return d.spread(func(c counts, add func(counts, float64)) {
		n := float64(c[0][server] + c[1][server])
		if n == 0 {
			add(c, 1)
			return
		}
		add(c, 1-v)
		for lb := range 2 {
			if k := c[lb][server]; k > 0 {
				to := c
				to[lb][server]--
				add(to, v*float64(k)/n)
			}
		}
	})
}

// binomial returns the chances of 0 to n of n, each with chance p.
func binomial(n int, p float64) []float64 {
	list := []float64{1}
	for range n {
		next := make([]float64, len(list)+1)
		for k, x := range list {
			next[k] += x * (1 - p)
			next[k+1] += x * p
		}
		list = next
	}
	return list
}
