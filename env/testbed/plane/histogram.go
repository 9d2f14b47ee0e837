package plane

import (
	"math"
	"sort"
)

// HistogramSchema is the resolution of a Histogram, as Prometheus counts it: bucket i
// holds values in (2^((i-1)/8), 2^(i/8)].
const HistogramSchema = 3

const (
	perOctave    = 1 << HistogramSchema
	firstOctave  = -24 // values up to 2^-24, 60 ns, are in the first bucket
	octaves      = 48
	bucketsTotal = perOctave * octaves
)

// Histogram counts values in buckets whose bounds grow by the same factor, 2^(1/8).
type Histogram struct {
	Count   uint64
	Sum     float64
	Buckets [bucketsTotal]uint64 // Buckets[k] is bucket BucketIndex(k)
}

// BucketIndex returns Prometheus' index of the bucket that Buckets[k] counts.
func BucketIndex(k int) int { return k + 1 + firstOctave*perOctave }

// bounds are the upper bounds of the buckets of the octave from 1/2 to 1.
var bounds = [perOctave]float64{
	math.Exp2(-7. / 8), math.Exp2(-6. / 8), math.Exp2(-5. / 8), math.Exp2(-4. / 8),
	math.Exp2(-3. / 8), math.Exp2(-2. / 8), math.Exp2(-1. / 8), 1,
}

// add counts a value; one that is not positive is in the first bucket.
func (h *Histogram) add(x float64) {
	h.Count++
	h.Sum += x
	k := 0
	if x > 0 {
		fraction, exponent := math.Frexp(x) // x = fraction 2^exponent, fraction in [1/2, 1)
		k = (exponent-1-firstOctave)*perOctave + sort.SearchFloat64s(bounds[:], fraction)
		if fraction == 0.5 {
			k-- // the upper bound of a bucket belongs to it
		}
	}
	h.Buckets[min(max(k, 0), bucketsTotal-1)]++
}

// merge adds the counts of another histogram.
func (h *Histogram) merge(o *Histogram) {
	h.Count += o.Count
	h.Sum += o.Sum
	for k, n := range o.Buckets {
		h.Buckets[k] += n
	}
}
