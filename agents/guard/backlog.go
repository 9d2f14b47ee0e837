package guard

import (
	"fairlb/env"
	"fairlb/env/dispatch"
)

// backlog estimates how long the flows that are under way have yet to take.
type backlog struct {
	lbs []*dispatch.Capacities
}

// learn takes in the counts of an interval, by LB and server.
func (b *backlog) learn(counts [][]env.ServerCounts) {
	for i, row := range counts {
		if i == len(b.lbs) {
			c, err := dispatch.NewCapacities(1, dispatch.DefaultSelfTuning())
			if err != nil {
				panic("guard: the default constants of self-tuning are refused")
			}
			b.lbs = append(b.lbs, c)
		}
		c := b.lbs[i]
		if c.Servers() < len(row) {
			c.Grow(len(row))
			c.SetPool(len(row))
		}
		for j := range row {
			n := &row[j]
			if n.Joined {
				c.Forget(j)
			}
			if n.Completed > 0 {
				c.Add(j, uint64(n.Completed), n.OngoingSum, n.Durations)
			}
		}
	}
}

// left returns the number of flows that are under way, and the sum of the times (s) that
// they have yet to take: of q flows that a server gets through one by one, the first
// takes one q-th of what the last does, and flows that share it take as long on average.
func (b *backlog) left(counts [][]env.ServerCounts) (ongoing, time float64) {
	for i, row := range counts {
		for j := range row {
			q := float64(row[j].Ongoing)
			ongoing += q
			if rate := b.lbs[i].Rate(j); rate > 0 {
				time += q * (q + 1) / (2 * rate)
			}
		}
	}
	return ongoing, time
}
