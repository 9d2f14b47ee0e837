package delay

import "fairlb/replay"

// choice compares kappas by what each LB had of its own ongoing requests, on
// workloads that were played with each of them.
type choice struct {
	kappas, agents int
	open           map[uint64]*trials // workloads, by their explorers' seeds over the number of kappas
	sums           [][]float64        // by kappa and LB, over the workloads that are complete
	workloads      int
}

// trials are the figures of one workload so far.
type trials struct {
	seen    []bool      // by kappa
	ongoing [][]float64 // by kappa and LB
	left    int
}

func newChoice(kappas, agents int) *choice {
	return &choice{kappas: kappas, agents: agents, open: map[uint64]*trials{}, sums: grid(kappas, agents)}
}

func grid(rows, cols int) [][]float64 {
	g := make([][]float64, rows)
	for i := range g {
		g[i] = make([]float64, cols)
	}
	return g
}

// add takes an episode into account, whose feature of the given number is the
// count of ongoing requests. A trial that is played twice counts once.
func (c *choice) add(ep *replay.Episode, feature int) {
	n := uint64(c.kappas)
	w := c.open[ep.Seed/n]
	if w == nil {
		w = &trials{seen: make([]bool, c.kappas), ongoing: grid(c.kappas, c.agents), left: c.kappas}
		c.open[ep.Seed/n] = w
	}
	k := int(ep.Seed % n)
	if w.seen[k] {
		return
	}
	w.seen[k] = true
	for i := range w.ongoing[k] {
		w.ongoing[k][i] = meanOngoing(ep, i, feature)
	}
	if w.left--; w.left > 0 {
		return
	}
	delete(c.open, ep.Seed/n)
	c.workloads++
	for k, row := range w.ongoing {
		for i, q := range row {
			c.sums[k][i] += q
		}
	}
}

// meanOngoing returns the mean over an episode of an LB's ongoing requests.
func meanOngoing(ep *replay.Episode, lb, feature int) float64 {
	sum := 0.0
	for t := range ep.Steps + 1 {
		at := (t*ep.Agents + lb) * ep.Servers * ep.Features
		for j := range ep.Servers {
			sum += float64(ep.Obs[at+j*ep.Features+feature])
		}
	}
	return sum / float64(ep.Steps+1)
}

// best returns the number of the kappa under which an LB had the fewest, the
// first of several.
func (c *choice) best(lb int) int {
	best := 0
	for k := range c.sums {
		if c.sums[k][lb] < c.sums[best][lb] {
			best = k
		}
	}
	return best
}
