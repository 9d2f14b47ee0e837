package complaints

import (
	"math"
	"slices"

	"fairlb/env"
	"fairlb/env/station"
)

// Run is an episode that is judged.
type Run struct {
	Servers  []station.Server
	Changes  []station.Change // in order of time
	Duration float64          // s of arrivals
	Outcomes []env.Outcome    // of all requests, in any order
	// Reference are the outcomes of the same requests under Complaint.Reference, simulated;
	// none where a complaint has no reference.
	Reference []env.Outcome
}

// capacity returns a server's part of what all servers can do at their first speed.
func (r *Run) capacity(server int) float64 {
	whole := 0.0
	for _, s := range r.Servers {
		whole += float64(s.CPUs) * s.Speed
	}
	s := r.Servers[server]
	return float64(s.CPUs) * s.Speed / whole
}

// shares returns each server's part of the requests that arrived in [from, to), over its
// part of the capacity; none if no requests did.
func (r *Run) shares(from, to float64) []float64 {
	counts, all := make([]float64, len(r.Servers)), 0.0
	for _, o := range r.Outcomes {
		if o.Arrival < from || o.Arrival >= to {
			continue
		}
		all++
		if o.Server >= 0 {
			counts[o.Server]++
		}
	}
	if all == 0 {
		return nil
	}
	for j := range counts {
		counts[j] /= all * r.capacity(j)
	}
	return counts
}

// windows calls f with the beginning of each whole window of a length (s) that begins at
// from, at from + length, and so on.
func (r *Run) windows(from, length float64, f func(begin float64)) {
	for k := 0; from+float64(k+1)*length <= r.Duration; k++ {
		f(from + float64(k)*length)
	}
}

// changed returns the server that changes, and from when to when it is changed; false if
// there are not two changes of one server.
func (r *Run) changed() (server int, from, to float64, ok bool) {
	if len(r.Changes) < 2 {
		return 0, 0, 0, false
	}
	first, last := r.Changes[0], r.Changes[len(r.Changes)-1]
	return first.Index, first.At, last.At, first.Index == last.Index
}

// mean returns the mean completion time (s), failures at their timeout; NaN of none.
func mean(outcomes []env.Outcome) float64 {
	sum := 0.0
	for _, o := range outcomes {
		sum += o.Completion
	}
	return sum / float64(len(outcomes))
}

// percentile returns the completion time (s) that so many percent do not exceed; NaN of
// none.
func percentile(outcomes []env.Outcome, percent float64) float64 {
	if len(outcomes) == 0 {
		return math.NaN()
	}
	var times []float64
	for _, o := range outcomes {
		times = append(times, o.Completion)
	}
	slices.Sort(times)
	k := int(math.Ceil(percent/100*float64(len(times)))) - 1
	return times[max(0, k)]
}
