package workload

import (
	"errors"
	"fmt"
	"io"
)

// maxEmpirical is the largest number of values that an empirical law keeps, 8 MB.
// Of more values it keeps every second one, every fourth one, and so on.
const maxEmpirical = 1 << 20

// NewEmpirical returns the law that draws each of the values (s) with the same
// chance. If mean is above 0 the values, which are copied, are scaled to it.
func NewEmpirical(values []float64, mean float64) (Law, error) {
	if !(mean >= 0 && mean <= maxMean) {
		return Law{}, fmt.Errorf("mean %g: must be in [0, %g]", mean, maxMean)
	}
	if len(values) == 0 {
		return Law{}, errors.New("an empirical law needs at least one value")
	}
	sum := 0.0
	for _, x := range values {
		if !(x >= 0 && x <= 1e15) {
			return Law{}, fmt.Errorf("value %g: must be in [0, 1e15]", x)
		}
		sum += x
	}
	l := Law{kind: empirical, mean: sum / float64(len(values)), values: append([]float64(nil), values...)}
	if mean > 0 {
		if l.mean == 0 {
			return Law{}, fmt.Errorf("mean %g: values that are all 0 cannot be scaled to it", mean)
		}
		scale := mean / l.mean
		for i := range l.values {
			l.values[i] *= scale
		}
		l.mean = mean
	}
	if l.mean > maxMean {
		return Law{}, fmt.Errorf("mean %g: must be at most %g", l.mean, maxMean)
	}
	return l, nil
}

// TraceLaw returns the empirical law of the n of a trace file. Each n is
// secondsPerN s of demand or, if mean is above 0, they are scaled to that mean (s).
// Requests without an n are skipped. Of more than 2^20 values it takes every second
// one, every fourth one, and so on.
func TraceLaw(path string, secondsPerN, mean float64) (Law, error) {
	trace, err := OpenTrace(path)
	if err != nil {
		return Law{}, err
	}
	defer trace.Close()
	s := subsample{capacity: maxEmpirical}
	for {
		r, err := trace.NextRecord()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Law{}, err
		}
		if r.HasN {
			s.add(r.N)
		}
	}
	if mean == 0 {
		for i := range s.values {
			s.values[i] *= secondsPerN
		}
	}
	law, err := NewEmpirical(s.values, mean)
	if err != nil {
		return Law{}, &TraceError{Place: path, Rule: "no law of its n: " + err.Error(), cause: err}
	}
	return law, nil
}

// subsample keeps an evenly spaced part of a series of any length: every value
// while there are few, then every second one, every fourth one, and so on.
type subsample struct {
	capacity int // the largest number of values kept; even
	values   []float64
	stride   int // every stride-th value is kept; a power of two, 0 before the first
	skip     int // values to skip before the next one is kept
}

func (s *subsample) add(x float64) {
	if s.skip > 0 {
		s.skip--
		return
	}
	if len(s.values) == s.capacity {
		for i := range s.capacity / 2 {
			s.values[i] = s.values[2*i]
		}
		s.values = s.values[:s.capacity/2]
		s.stride *= 2
	}
	s.stride = max(s.stride, 1)
	s.values = append(s.values, x)
	s.skip = s.stride - 1
}
