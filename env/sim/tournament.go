package sim

import "math"

// tournament finds the station whose next completion is earliest: a complete
// binary tree in which every inner node holds the winner of its two children.
// Setting one station's time replays its path to the root, as far as winners
// change: O(log stations) at most. Of equal times the lower index wins.
type tournament struct {
	leaves int     // a power of two; leaf i is node leaves + i
	nodes  []match // by node, the root at 1; node 0 is not used
}

// match is a station and the time (s) of its next completion.
type match struct {
	time    float64
	station int32
}

func newTournament(stations int) tournament {
	leaves := 1
	for leaves < stations {
		leaves *= 2
	}
	t := tournament{leaves: leaves, nodes: make([]match, 2*leaves)}
	t.reset()
	return t
}

// reset sets all times to +Inf.
func (t *tournament) reset() {
	for i := range t.leaves {
		t.nodes[t.leaves+i] = match{math.Inf(1), int32(i)}
	}
	for node := t.leaves - 1; node >= 1; node-- {
		t.nodes[node] = t.nodes[2*node]
	}
}

// set gives a station its next time.
func (t *tournament) set(station int, time float64) {
	nodes := t.nodes
	node := t.leaves + station
	winner := match{time, int32(station)}
	nodes[node] = winner
	for node > 1 {
		other := nodes[node^1]
		if other.time < winner.time || other.time == winner.time && other.station < winner.station {
			winner = other
		}
		node /= 2
		if nodes[node] == winner {
			return // nothing changes from here on
		}
		nodes[node] = winner
	}
}

// first returns the station that is next, and its time.
func (t *tournament) first() (station int, time float64) {
	root := &t.nodes[1]
	return int(root.station), root.time
}
