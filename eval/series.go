package eval

import (
	"encoding/json"
	"math"

	"gonum.org/v1/gonum/stat"
)

// Series holds one value for each seed, in the order of the seeds. A seed in which no
// request of the class ended has no value, which is NaN here and null in JSON.
type Series []float64

// MarshalJSON writes NaN as null.
func (s Series) MarshalJSON() ([]byte, error) {
	out := make([]*float64, len(s))
	for i := range s {
		if !math.IsNaN(s[i]) {
			out[i] = &s[i]
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads null as NaN.
func (s *Series) UnmarshalJSON(data []byte) error {
	var in []*float64
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*s = make(Series, len(in))
	for i, x := range in {
		(*s)[i] = math.NaN()
		if x != nil {
			(*s)[i] = *x
		}
	}
	return nil
}

// Defined returns the values of s that are not missing.
func (s Series) Defined() []float64 {
	var out []float64
	for _, x := range s {
		if !math.IsNaN(x) {
			out = append(out, x)
		}
	}
	return out
}

// MeanSD returns the mean of the defined values and their sample standard
// deviation, which is 0 of a single value.
func (s Series) MeanSD() (mean, sd float64) {
	x := s.Defined()
	if len(x) < 2 {
		return stat.Mean(x, nil), 0
	}
	return stat.MeanStdDev(x, nil)
}

// IQM returns the interquartile mean of the defined values, with its interval
// over resampled seeds; nil for fewer than two seeds.
func (s Series) IQM() *Estimate { return clusterEstimate(singletons(s.Defined()), IQM) }
