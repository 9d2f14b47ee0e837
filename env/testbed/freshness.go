package testbed

import "math"

// Freshness says of which servers so much and so recent is known that a weight of their
// own makes sense, by the rules of gRPC's weighted round robin (proposal A58): a server
// that has just come has no weight of its own for Blackout, so that it is not judged by
// its first few flows; one that has told nothing for Expiry has none any more. A
// server without a weight of its own gets the mean of the others', and where fewer than
// two have one, all get the same.
//
// Times are values, in s, on any clock that does not go back. The zero Freshness holds
// no server and lets everything be fresh as soon as something was heard.
type Freshness struct {
	Blackout float64 // s; 0: none
	Expiry   float64 // s; 0: never

	since []float64 // by slot: since when it has told something without a pause of Expiry; +Inf: it has not
	last  []float64 // by slot: when it told something last
}

// Heard notes that something was learned of the server in a slot at time now.
func (f *Freshness) Heard(slot int, now float64) {
	for len(f.since) <= slot {
		f.since, f.last = append(f.since, math.Inf(1)), append(f.last, math.Inf(-1))
	}
	if math.IsInf(f.since[slot], 1) || f.expired(slot, now) {
		f.since[slot] = now
	}
	f.last[slot] = now
}

// Forget notes that a slot is another server's.
func (f *Freshness) Forget(slot int) {
	if slot < len(f.since) {
		f.since[slot], f.last[slot] = math.Inf(1), math.Inf(-1)
	}
}

// Fresh says whether the server in a slot has a weight of its own at time now.
func (f *Freshness) Fresh(slot int, now float64) bool {
	return slot < len(f.since) && !math.IsInf(f.since[slot], 1) && !f.expired(slot, now) && now-f.since[slot] >= f.Blackout
}

// expired says whether what was learned of a server is too old at time now.
func (f *Freshness) expired(slot int, now float64) bool {
	return f.Expiry > 0 && now-f.last[slot] >= f.Expiry
}

// Fill replaces, of the slots that are in, the weights of those that are not fresh at
// time now. weights and in have the same length.
func (f *Freshness) Fill(weights []float64, in []bool, now float64) {
	fresh, sum := 0, 0.0
	for j := range weights {
		if in[j] && f.Fresh(j, now) {
			fresh++
			sum += weights[j]
		}
	}
	for j := range weights {
		switch {
		case !in[j]:
		case fresh < 2:
			weights[j] = 1
		case !f.Fresh(j, now):
			weights[j] = sum / float64(fresh)
		}
	}
}
