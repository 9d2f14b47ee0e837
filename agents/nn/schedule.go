package nn

import "math"

// ScheduleKind names the way in which a learning rate falls over training.
type ScheduleKind string

// The kinds of schedules, which go from 1 at the start of training to Final at its
// end.
const (
	ConstantRate    ScheduleKind = "constant"
	LinearRate      ScheduleKind = "linear"
	CosineRate      ScheduleKind = "cosine"      // half a wave (Loshchilov and Hutter 2017, eq. 5)
	ExponentialRate ScheduleKind = "exponential" // by equal factors in equal times
)

// Schedule gives the part of a learning rate that is used as training goes on:
// it rises from 0 over the first Warmup of training and then falls, by its
// Kind over the rest, to Final.
type Schedule struct {
	Kind   ScheduleKind
	Final  float64 // in (0, 1]; not used by a constant schedule
	Warmup float64 // part of training, in [0, 1)
}

// ScheduleKinds lists the kinds that a schedule may have.
func ScheduleKinds() []ScheduleKind {
	return []ScheduleKind{ConstantRate, LinearRate, CosineRate, ExponentialRate}
}

// At returns the part of the learning rate at progress, from 0 at the start of
// training to 1 at its end.
func (s Schedule) At(progress float64) float64 {
	if progress < s.Warmup {
		return progress / s.Warmup
	}
	progress = (progress - s.Warmup) / (1 - s.Warmup)
	switch s.Kind {
	case LinearRate:
		return 1 - (1-s.Final)*progress
	case CosineRate:
		return s.Final + (1-s.Final)*(1+math.Cos(math.Pi*progress))/2
	case ExponentialRate:
		return math.Pow(s.Final, progress)
	default:
		return 1
	}
}
