package dispatch

import "math"

var (
	_ Rule = Oracle{}
	_ Rule = TrueCapacity{}
)

// Oracle sends a request to the server, of those that are in, that would finish
// all its work soonest, the new request included (appendix C.3). It needs the
// global state of a simulator. Ties go to one of the minimisers at random. Work
// is done as time passes, and each request brings its own, so that every pick
// asks all servers.
type Oracle struct{}

// Pick implements Rule.
func (Oracle) Pick(v *View) int {
	return least(v, v.Global.Finish)
}

// TrueCapacity is SED by the LB's own requests and by what the servers can truly
// do at this moment. It is a reference for what knowing the capacities is worth,
// which is what agents have to learn. Ties go to one of the minimisers at random.
// Capacities change with time and load, so that every pick asks all servers.
type TrueCapacity struct{}

// Pick implements Rule.
func (TrueCapacity) Pick(v *View) int {
	return least(v, func(j int) float64 { return float64(v.Ongoing[j]+1) / v.Global.Capacity(j) })
}

// least returns a server with the least score among those that are in, each of
// several with the same chance.
func least(v *View, score func(server int) float64) int {
	best, pick, ties := math.Inf(1), 0, 0
	for j := range v.Ongoing {
		if v.out(j) {
			continue
		}
		switch s := score(j); {
		case s < best:
			best, pick, ties = s, j, 1
		case s == best:
			ties++ // the k-th of them replaces the others with chance 1/k
			if v.Rand.IntN(ties) == 0 {
				pick = j
			}
		}
	}
	return pick
}
