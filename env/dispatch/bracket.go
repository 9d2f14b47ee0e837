package dispatch

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"fairlb/env/argmin"
)

// scanned is the number of leaves up to which a scan beats the tree: a modern
// processor goes through so few faster than down a path of branches.
const scanned = 16

// bracket finds the least of the servers' scores and how many have it: a
// complete binary tree whose inner nodes hold both for what is below them.
// Changing a score, drawing one of the least or finding the first of them costs
// O(log servers). At least one score must be less than +Inf. Of a few servers,
// which have scores that are not negative, it keeps the leaves alone and looks
// at all of them.
type bracket struct {
	servers int
	leaves  int // a power of two; server j is node leaves + j
	score   []float64
	ties    []int32
	few     [scanned / 8]argmin.Group // the leaves' keys instead, if they are few
}

func newBracket(servers int) bracket {
	leaves := 1
	for leaves < servers {
		leaves *= 2
	}
	b := bracket{servers: servers, leaves: leaves}
	for g := range b.few {
		b.few[g] = argmin.Empty()
	}
	if leaves <= scanned {
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

// set changes a server's score and replays its path as far as anything changes.
func (b *bracket) set(server int, score float64) {
	if b.leaves <= scanned {
		b.few[server>>3][server&7] = argmin.Key(score)
		return
	}
	node := b.leaves + server
	if b.score[node] == score {
		return
	}
	b.score[node] = score
	for node /= 2; node >= 1; node /= 2 {
		if !b.replay(node) {
			return
		}
	}
}

// get returns a server's score.
func (b *bracket) get(server int) float64 {
	if b.leaves <= scanned {
		return argmin.Value(b.few[server>>3][server&7])
	}
	return b.score[b.leaves+server]
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
	if b.leaves <= scanned {
		for j := range servers {
			b.set(j, score(j))
		}
		return
	}
	for j := range servers {
		b.score[b.leaves+j] = score(j)
	}
	for node := b.leaves - 1; node >= 1; node-- {
		b.replay(node)
	}
}

// pick returns a server of the least score, each as likely. It draws a number
// only if there are several.
func (b *bracket) pick(rng *rand.Rand) int {
	if b.leaves <= scanned {
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

// first returns the first server of the least score.
func (b *bracket) first() int {
	if b.leaves <= scanned {
		return bits.TrailingZeros64(b.leasts())
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
func (b *bracket) scan(rng *rand.Rand) int {
	ties := b.leasts()
	if ties&(ties-1) != 0 {
		for skip := rng.IntN(bits.OnesCount64(ties)); skip > 0; skip-- {
			ties &= ties - 1
		}
	}
	return bits.TrailingZeros64(ties)
}

// leasts returns the set of the few servers that have the least score.
func (b *bracket) leasts() uint64 {
	if b.leaves <= 8 {
		return b.few[0].Equal(b.few[0].Min())
	}
	least := min(b.few[0].Min(), b.few[1].Min())
	return b.few[0].Equal(least) | b.few[1].Equal(least)<<8
}
