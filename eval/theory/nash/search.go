package nash

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Search looks for the place of least cost by an evolution strategy: in each round it
// tries pairs of places on either side of where it stands, each pair on the same
// workload, and moves against their differences.
type Search struct {
	Rounds int     // at least 2
	Pairs  int     // of a round, at least 1
	Sigma  float64 // how far the places are from where it stands, in each coordinate
	Step   float64 // how far it moves in the first round; it shrinks to a tenth
}

// ErrSearch reports a search that cannot be made.
var ErrSearch = errors.New("nash: a search needs rounds, pairs, a sigma and a step")

// Run returns the mean of where the search stood in the last third of its rounds, which
// began at the origin. cost is called with a place and the number of the pair, by which
// it chooses the workload.
func (s Search) Run(dimensions int, rng *rand.Rand, cost func(place []float64, pair int) (float64, error)) ([]float64, error) {
	if s.Rounds < 2 || s.Pairs < 1 || !(s.Sigma > 0) || !(s.Step > 0) || dimensions < 1 {
		return nil, fmt.Errorf("%w: %+v in %d dimensions", ErrSearch, s, dimensions)
	}
	at, mean := make([]float64, dimensions), make([]float64, dimensions)
	kept := max(1, s.Rounds/3)
	place := make([]float64, dimensions)
	for round := range s.Rounds {
		slope := make([]float64, dimensions)
		for k := range s.Pairs {
			noise := make([]float64, dimensions)
			for j := range noise {
				noise[j] = rng.NormFloat64()
			}
			var costs [2]float64
			for side, sign := range []float64{1, -1} {
				for j := range place {
					place[j] = at[j] + sign*s.Sigma*noise[j]
				}
				c, err := cost(place, round*s.Pairs+k)
				if err != nil {
					return nil, err
				}
				costs[side] = c
			}
			for j := range slope {
				slope[j] += (costs[0] - costs[1]) * noise[j]
			}
		}
		size := 0.0
		for _, x := range slope {
			size += x * x
		}
		if size > 0 {
			length := s.Step * math.Pow(0.1, float64(round)/float64(s.Rounds-1))
			for j := range at {
				at[j] -= length * slope[j] / math.Sqrt(size)
			}
		}
		if round >= s.Rounds-kept {
			for j := range mean {
				mean[j] += at[j] / float64(kept)
			}
		}
	}
	return mean, nil
}
