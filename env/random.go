package env

import (
	"hash/fnv"
	"math/rand/v2"
)

// Stream returns the random stream of one component: a PCG whose state follows
// from the episode's seed and the component's name. Components draw from
// streams of their own, so that one method's draws never shift another's and
// every method meets the same arrivals.
func Stream(seed uint64, name string) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.NewPCG(seed, h.Sum64())
}
