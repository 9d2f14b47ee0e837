package env

import (
	"hash/fnv"
	"math/rand/v2"
)

// Stream returns the random stream of one component: a PCG whose state follows from the
// episode's seed and the component's name. Each component draws from a stream of its
// own, so that no component shifts the draws of another, and every method meets the
// same arrivals.
func Stream(seed uint64, name string) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.NewPCG(seed, h.Sum64())
}
