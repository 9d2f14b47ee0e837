package dispatch

import (
	"math"
	"math/rand/v2"
)

// scanned is the number of leaves up to which a scan beats the tree: a modern
// processor goes through so few faster than down a path of branches.
const scanned = 16

// bracket finds the least of the servers' scores and how many have it: a
// complete binary tree whose inner nodes hold both for what is below them.
// Changing a score, drawing one of the least or finding the first of them costs
// O(log servers). At least one score must be less than +Inf. Of a few servers
// it keeps the leaves alone and scans them.
type bracket struct {
	servers int
	leaves  int // a power of two; server j is node leaves + j
	score   []float64
	ties    []int32
}

func newBracket(servers int) bracket {
	leaves := 1
	for leaves < servers {
		leaves *= 2
	}
	b := bracket{servers: servers, leaves: leaves, score: make([]float64, 2*leaves), ties: make([]int32, 2*leaves)}
	for j := range leaves {
		b.score[leaves+j] = math.Inf(1)
		if j < servers {
			b.ties[leaves+j] = 1
		}
	}
	return b
}

// set changes a server's score and replays its path as far as anything changes.
func (b *bracket) set(server int, score float64) {
	node := b.leaves + server
	if b.score[node] == score {
		return
	}
	b.score[node] = score
	if b.leaves <= scanned {
		return
	}
	for node /= 2; node >= 1; node /= 2 {
		if !b.replay(node) {
			return
		}
	}
}

// replay brings one inner node up to date and says whether it changed.
func (b *bracket) replay(node int) bool {
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
func (b *bracket) fill(score func(server int) float64, servers int) {
	for j := range servers {
		b.score[b.leaves+j] = score(j)
	}
	if b.leaves <= scanned {
		return
	}
	for node := b.leaves - 1; node >= 1; node-- {
		b.replay(node)
	}
}

// pick returns a server of the least score, each as likely. It draws a number
// only if there are several.
func (b *bracket) pick(rng *rand.Rand) int {
	if b.leaves <= scanned {
		return scan(b.score[b.leaves:], rng)
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

// first returns the first server of the least score.
func (b *bracket) first() int {
	if b.leaves <= scanned {
		best := 0
		for j, s := range b.score[b.leaves:] {
			if s < b.score[b.leaves+best] {
				best = j
			}
		}
		return best
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

// scan is pick without a tree.
func scan(scores []float64, rng *rand.Rand) int {
	least := scores[0]
	for _, s := range scores[1:] {
		least = min(least, s)
	}
	first, ties := -1, 0
	for j, s := range scores {
		if s == least {
			if first < 0 {
				first = j
			}
			ties++
		}
	}
	if ties == 1 {
		return first
	}
	skip := rng.IntN(ties)
	for j := first; ; j++ {
		if scores[j] == least {
			if skip == 0 {
				return j
			}
			skip--
		}
	}
}
