package dispatch

import "math"

var (
	_ Rule = Oracle{}
	_ Rule = Informed{}
)

// Oracle sends a request to the server, of those that are in, that would
// finish all its work soonest, the new request included (appendix C.3). It
// needs the global knowledge of a simulator; ties go to one of the minimisers at random. A server's work ends
// with time and the request, so each pick asks them all.
type Oracle struct{}

// Pick implements Rule.
func (Oracle) Pick(v *View) int {
	return least(v, v.Oracle.Finish)
}

// Informed is SED by what the servers can truly do at this moment, and by the
// LB's own requests as SED's: a reference for what knowing the capacities is
// worth, which is what agents have to learn. Ties go to one of the minimisers
// at random. Capacities change with time and load, so each pick asks them all.
type Informed struct{}

// Pick implements Rule.
func (Informed) Pick(v *View) int {
	return least(v, func(j int) float64 { return float64(v.Ongoing[j]+1) / v.Oracle.Capacity(j) })
}

// least returns one of the servers, of those that are in, of the least score.
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
			ties++
			if v.Rand.IntN(ties) == 0 {
				pick = j
			}
		}
	}
	return pick
}
