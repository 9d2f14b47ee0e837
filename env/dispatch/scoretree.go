package dispatch

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"fairlb/env/argmin"
)

// scanLimit is the number of leaves up to which looking at all of them beats the
// tree: a processor compares so few faster than it goes down a path of branches.
const scanLimit = 16

// scoreTree finds the servers with the least score: a complete binary tree whose
// inner nodes hold the least score below them and how many servers have it.
// Changing a score, drawing one of the minimisers at random and finding the first
// of them each cost O(log servers). At least one score must be less than +Inf.
// For at most scanLimit servers there are no inner nodes: the scores, which must
// not be negative, are keys that are compared all at once.
type scoreTree struct {
	servers int
	leaves  int       // a power of two; server j is node leaves + j
	score   []float64 // by node, the least score below it
	ties    []int32   // by node, how many servers below it have that score
	keys    [scanLimit / 8]argmin.Group
}

func newScoreTree(servers int) scoreTree {
	leaves := 1
	for leaves < servers {
		leaves *= 2
	}
	b := scoreTree{servers: servers, leaves: leaves}
	for g := range b.keys {
		b.keys[g] = argmin.Empty()
	}
	if leaves <= scanLimit {
		return b
	}
	b.score, b.ties = make([]float64, 2*leaves), make([]int32, 2*leaves)
	for j := range leaves {
		b.score[leaves+j] = math.Inf(1)
		if j < servers {
			b.ties[leaves+j] = 1
		}
	}
	return b
}

// set changes a server's score, and the nodes above it as far as they change.
func (b *scoreTree) set(server int, score float64) {
	if b.leaves <= scanLimit {
		b.keys[server>>3][server&7] = argmin.Key(score)
		return
	}
	node := b.leaves + server
	if b.score[node] == score {
		return
	}
	b.score[node] = score
	for node /= 2; node >= 1; node /= 2 {
		if !b.update(node) {
			return
		}
	}
}

// get returns a server's score.
func (b *scoreTree) get(server int) float64 {
	if b.leaves <= scanLimit {
		return argmin.Value(b.keys[server>>3][server&7])
	}
	return b.score[b.leaves+server]
}

// update brings one inner node up to date and says whether it changed.
func (b *scoreTree) update(node int) bool {
	left, right := b.score[2*node], b.score[2*node+1]
	score, ties := left, b.ties[2*node]
	switch {
	case right < left:
		score, ties = right, b.ties[2*node+1]
	case right == left:
		ties += b.ties[2*node+1]
	}
	changed := b.score[node] != score || b.ties[node] != ties
	b.score[node], b.ties[node] = score, ties
	return changed
}

// fill sets all scores.
func (b *scoreTree) fill(score func(server int) float64, servers int) {
	if b.leaves <= scanLimit {
		for j := range servers {
			b.set(j, score(j))
		}
		return
	}
	for j := range servers {
		b.score[b.leaves+j] = score(j)
	}
	for node := b.leaves - 1; node >= 1; node-- {
		b.update(node)
	}
}

// pick returns a server with the least score, each of several with the same
// chance. It draws a number only if there are several.
func (b *scoreTree) pick(rng *rand.Rand) int {
	if b.leaves <= scanLimit {
		return b.scan(rng)
	}
	var skip int32
	if b.ties[1] > 1 {
		skip = rng.Int32N(b.ties[1])
	}
	least, node := b.score[1], 1
	for node < b.leaves {
		node *= 2
		if b.score[node] == least && skip < b.ties[node] {
			continue
		}
		if b.score[node] == least {
			skip -= b.ties[node]
		}
		node++
	}
	return node - b.leaves
}

// tied says whether several servers have the least score.
func (b *scoreTree) tied() bool {
	if b.leaves <= scanLimit {
		ties := b.minimisers()
		return ties&(ties-1) != 0
	}
	return b.ties[1] > 1
}

// least returns the least score; +Inf if there is none.
func (b *scoreTree) least() float64 {
	switch {
	case b.leaves > scanLimit:
		return b.score[1]
	case b.leaves <= 8:
		return argmin.Value(b.keys[0].Min())
	}
	return argmin.Value(min(b.keys[0].Min(), b.keys[1].Min()))
}

// first returns the server of lowest index among those with the least score.
func (b *scoreTree) first() int {
	if b.leaves <= scanLimit {
		return bits.TrailingZeros64(b.minimisers())
	}
	node := 1
	for node < b.leaves {
		node *= 2
		if b.score[node] > b.score[node+1] {
			node++
		}
	}
	return node - b.leaves
}

// scan is pick for few servers.
func (b *scoreTree) scan(rng *rand.Rand) int {
	ties := b.minimisers()
	if ties&(ties-1) != 0 {
		for skip := rng.IntN(bits.OnesCount64(ties)); skip > 0; skip-- {
			ties &= ties - 1
		}
	}
	return bits.TrailingZeros64(ties)
}

// minimisers returns the set, as bits, of the servers with the least score where
// there are few servers.
func (b *scoreTree) minimisers() uint64 {
	if b.leaves <= 8 {
		return b.keys[0].Equal(b.keys[0].Min())
	}
	least := min(b.keys[0].Min(), b.keys[1].Min())
	return b.keys[0].Equal(least) | b.keys[1].Equal(least)<<8
}
