package sim

import "math"

// tournament finds the station whose next completion is earliest: a complete
// binary tree whose inner nodes hold the winner of their two children. Setting
// one station's time replays one path, O(log stations). Of equal times the
// station of the lower index wins.
type tournament struct {
	leaves int       // a power of two
	time   []float64 // by station, +Inf beyond the last
	winner []int32   // by inner node, the root at 1
}

func newTournament(stations int) tournament {
	leaves := 1
	for leaves < stations {
		leaves *= 2
	}
	t := tournament{leaves: leaves, time: make([]float64, leaves), winner: make([]int32, leaves)}
	t.reset()
	return t
}

// reset sets all times to +Inf.
func (t *tournament) reset() {
	for i := range t.time {
		t.time[i] = math.Inf(1)
	}
	for node := t.leaves - 1; node >= 1; node-- {
		t.winner[node] = t.child(2 * node)
	}
}

// child returns the station that stands at a node.
func (t *tournament) child(node int) int32 {
	if node >= t.leaves {
		return int32(node - t.leaves)
	}
	return t.winner[node]
}

// set gives a station its next time.
func (t *tournament) set(station int, time float64) {
	t.time[station] = time
	for node := (station + t.leaves) / 2; node >= 1; node /= 2 {
		a, b := t.child(2*node), t.child(2*node+1)
		if t.time[b] < t.time[a] {
			a = b
		}
		t.winner[node] = a
	}
}

// first returns the station that is next, and its time.
func (t *tournament) first() (station int, time float64) {
	w := t.child(1)
	return int(w), t.time[w]
}
