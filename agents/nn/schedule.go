package nn

import (
	"errors"
	"fmt"
	"math"
)

// ErrSchedule reports a schedule that breaks a rule.
var ErrSchedule = errors.New("nn: invalid schedule")

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

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrSchedule and names field, value and rule.
func (s Schedule) Validate() error {
	var faults []error
	fault := func(ok bool, field string, value any, rule string) {
		if !ok {
			faults = append(faults, fmt.Errorf("%w: %s = %v: %s", ErrSchedule, field, value, rule))
		}
	}
	fault(s.Shape.Known(), "shape", s.Shape, ShapeRule)
	fault(s.Final > 0 && s.Final <= 1, "final", s.Final, "must be in (0, 1]")
	fault(s.Warmup >= 0 && s.Warmup < 1, "warmup", s.Warmup, "must be in [0, 1)")
	return errors.Join(faults...)
}

// ShapeRule says which shapes there are.
const ShapeRule = "must be constant, linear, cosine or exponential"

// Known reports whether there is such a shape.
func (s Shape) Known() bool {
	return s == Steady || s == Linear || s == Cosine || s == Exponential
}

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
