package nn

import "math"

// Shape names how a learning rate falls over training.
type Shape string

// The shapes of schedules: from 1 at the start of training to Final at its end.
const (
	Steady      Shape = "constant"
	Linear      Shape = "linear"
	Cosine      Shape = "cosine"      // half a wave (Loshchilov and Hutter 2017, eq. 5)
	Exponential Shape = "exponential" // by equal factors in equal times
)

// Schedule gives the part of a learning rate that is used as training goes on:
// it rises from 0 over the first Warmup of training and then falls, by its
// Shape over the rest, to Final.
type Schedule struct {
	Shape  Shape
	Final  float64 // in (0, 1]; a constant one takes no notice of it
	Warmup float64 // part of training, in [0, 1)
}

// Shapes lists the shapes that a schedule may have.
func Shapes() []Shape { return []Shape{Steady, Linear, Cosine, Exponential} }

// At returns the part of the learning rate at progress, from 0 at the start of
// training to 1 at its end.
func (s Schedule) At(progress float64) float64 {
	if progress < s.Warmup {
		return progress / s.Warmup
	}
	progress = (progress - s.Warmup) / (1 - s.Warmup)
	switch s.Shape {
	case Linear:
		return 1 - (1-s.Final)*progress
	case Cosine:
		return s.Final + (1-s.Final)*(1+math.Cos(math.Pi*progress))/2
	case Exponential:
		return math.Pow(s.Final, progress)
	default:
		return 1
	}
}
