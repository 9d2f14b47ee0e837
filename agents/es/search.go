package es

import (
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
)

// Trials is the number of times that a Search wants each workload played.
const Trials = 2

// Search moves parameters towards more fitness, by pairs of trials of
// opposite noise.
type Search struct {
	// Values are the parameters; Average follows them, as Step says.
	Values, Average []float32

	stream   uint64
	open     map[uint64]trial // pairs of which one trial has been observed, by seed / Trials
	gradient []float32        // of the loss: minus the fitness
	pairs    int              // whole pairs in the gradient
	limit    float64          // of |d| of a pair (Observe)
	adam     *nn.Adam
	noise    []float64
}

// trial is the one trial of a pair that has been observed: seed % Trials says
// which half of the pair it is.
type trial struct {
	half    uint64
	fitness float64
}

// NewSearch returns a search from given values. Searches of different streams
// draw different noise from the same seeds.
func NewSearch(values []float32, stream uint64) *Search {
	return &Search{
		Values: values, Average: append([]float32(nil), values...), stream: stream,
		open: map[uint64]trial{}, gradient: make([]float32, len(values)), limit: math.Inf(1),
		adam: nn.NewAdam(len(values), nn.AdamConfig{}), noise: make([]float64, len(values)),
	}
}

// Limit bounds what a pair counts, |d| of Observe. Few pairs, of crowded workloads, differ
// ten times as much as most do, by chance; unbounded, what they say drowns the others.
func (s *Search) Limit(d float64) { s.limit = d }

// Noise sets dst to the standard normal noise of a trial: both trials of a pair,
// whose seeds have the same quotient by Trials, have the same noise of opposite
// sign.
func Noise(dst []float64, seed, stream uint64) {
	rng := rand.New(rand.NewPCG(seed/Trials, stream))
	sign := 1 - 2*float64(seed%Trials)
	for k := range dst {
		dst[k] = sign * rng.NormFloat64()
	}
}

// Observe takes in the fitness of a trial. What counts is the
// difference of the two of a pair as a part of both,
//
//	d = (f+ - f-) / (|f+| + |f-|),
//
// bounded by Limit, so that crowded workloads do not outweigh the others. It estimates the
// gradient by d times the noise. A trial that comes twice counts once.
func (s *Search) Observe(seed uint64, fitness float64) {
	pair, half := seed/Trials, seed%Trials
	first, found := s.open[pair]
	switch {
	case !found:
		s.open[pair] = trial{half, fitness}
		return
	case first.half == half:
		return
	}
	delete(s.open, pair)
	sum := math.Abs(fitness) + math.Abs(first.fitness)
	if sum == 0 {
		s.pairs++ // neither trial is better
		return
	}
	d := min(max((fitness-first.fitness)/sum, -s.limit), s.limit)
	Noise(s.noise, seed, s.stream)
	for k, e := range s.noise {
		s.gradient[k] -= float32(d * e)
	}
	s.pairs++
}

// Pairs returns the number of whole pairs since the last Step.
func (s *Search) Pairs() int { return s.pairs }

// Step moves the values by the pairs since the last one, at the given learning
// rate (Adam), and the average towards them, of which it keeps the given part.
// It returns the norm of the gradient of the relative fitness with respect to
// the noise, and fails with nn.ErrDiverged, changing nothing, if a fitness was
// not finite. Without pairs it does nothing.
func (s *Search) Step(rate, keep float64) (norm float64, err error) {
	if s.pairs == 0 {
		return 0, nil
	}
	for k := range s.gradient {
		s.gradient[k] /= float32(2 * s.pairs)
	}
	norm, err = s.adam.Step(s.Values, s.gradient, rate)
	clear(s.gradient)
	s.pairs = 0
	if err == nil {
		nn.Polyak(s.Average, s.Values, float32(1-keep))
	}
	return norm, err
}

// Kept returns the part of the averaged values that the update of a round keeps, the first
// of which is round 1: the given one, and less in the first rounds, so that where the search
// began does not stay in the average for long.
func Kept(average float64, round int) float64 {
	return min(average, float64(round-1)/float64(round+9))
}

// NoiseAt returns the standard deviation of the noise after a part of the search, which goes
// from the first to the last by equal ratios.
func NoiseAt(first, last, progress float64) float64 {
	return first * math.Pow(last/first, progress)
}
