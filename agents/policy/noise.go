package policy

import "math/rand/v2"

// Exploration says how the noise of an Actor that explores goes on over an episode.
type Exploration struct {
	// Hold is the number of steps that a draw is held; 0, as 1, draws anew at each step.
	// What is held for about as long as queues remember shows what a change of weights
	// does, where noise of each step averages out.
	Hold int
	// Opposite gives the episodes that are reset by the seeds 2k and 2k + 1 the same normal
	// draws of opposite sign.
	Opposite bool
}

// Noise is what one policy draws in an episode.
type Noise struct {
	exploration Exploration
	stream      uint64
	source      *rand.PCG
	rng         *rand.Rand
	held        rand.PCG // the source as it was before the draw that is held
	step        int      // of the episode
	negative    bool     // normal draws are negated
}

// NewNoise returns noise of the stream of that number, which Reset begins.
func NewNoise(e Exploration, stream uint64) *Noise {
	source := rand.NewPCG(0, stream)
	return &Noise{exploration: e, stream: stream, source: source, rng: rand.New(source)}
}

// Reset begins an episode.
func (n *Noise) Reset(seed uint64) {
	n.step, n.negative = 0, false
	if n.exploration.Opposite {
		n.negative = seed%2 == 1
		seed /= 2
	}
	n.source.Seed(seed, n.stream)
}

// next begins the draws of a step: new ones, or those of the step before once more.
func (n *Noise) next() {
	if n.step%max(n.exploration.Hold, 1) == 0 {
		n.held = *n.source
	} else {
		*n.source = n.held
	}
	n.step++
}

// normal fills dst with draws of the standard normal distribution.
func (n *Noise) normal(dst []float32) {
	DrawNormal(dst, n.rng)
	if n.negative {
		for k := range dst {
			dst[k] = -dst[k]
		}
	}
}

// DrawNormal fills dst with draws of the standard normal distribution.
func DrawNormal(dst []float32, rng *rand.Rand) {
	for i := range dst {
		dst[i] = float32(rng.NormFloat64())
	}
}
