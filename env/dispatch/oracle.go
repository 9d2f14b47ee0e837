package dispatch

import "math"

var _ Rule = Oracle{}

// Oracle sends a request to the server, of those that are in, that would
// finish all its work soonest, the new request included (appendix C.3). It
// needs the global knowledge of a simulator; ties go to one of the minimisers at random. A server's work ends
// with time and the request, so each pick asks them all.
type Oracle struct{}

// Pick implements Rule.
func (Oracle) Pick(v *View) int {
	best, pick, ties := math.Inf(1), 0, 0
	for j := range v.Ongoing {
		if v.out(j) {
			continue
		}
		switch finish := v.Oracle.Finish(j); {
		case finish < best:
			best, pick, ties = finish, j, 1
		case finish == best:
			ties++
			if v.Rand.IntN(ties) == 0 {
				pick = j
			}
		}
	}
	return pick
}
