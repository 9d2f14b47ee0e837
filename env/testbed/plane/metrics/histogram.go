package metrics

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"fairlb/env/testbed/plane"
)

// Classic buckets have the powers of two as bounds, from 61 us to 1024 s, which are
// bounds of native buckets, too.
const firstClassic, lastClassic = -14, 10

// histogram is a native histogram with classic buckets beside it.
type histogram struct {
	prometheus.Metric
	classic []*dto.Bucket
}

// Write implements prometheus.Metric.
func (h *histogram) Write(out *dto.Metric) error {
	if err := h.Metric.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = h.classic
	out.Histogram.CreatedTimestamp = nil // it would be that of the year 1
	return nil
}

// newHistogram makes a metric of a balancer's histogram.
func newHistogram(desc *prometheus.Desc, h *plane.Histogram, labels ...string) prometheus.Metric {
	buckets := map[int]int64{}
	classic := make([]*dto.Bucket, 0, lastClassic-firstClassic+1)
	next := firstClassic // the exponent of the next classic bound
	var count uint64     // as the buckets have it: loops count on while they are read
	for k, n := range h.Buckets {
		index := plane.BucketIndex(k)
		for next <= lastClassic && index > next<<plane.HistogramSchema {
			classic = append(classic, classicBucket(next, count))
			next++
		}
		if n > 0 {
			buckets[index] = int64(n)
			count += n
		}
	}
	for ; next <= lastClassic; next++ {
		classic = append(classic, classicBucket(next, count))
	}
	sum := h.Sum
	if math.IsNaN(sum) {
		sum = 0
	}
	native, err := prometheus.NewConstNativeHistogram(desc, count, sum, buckets, nil, 0, plane.HistogramSchema, 0, time.Time{}, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return &histogram{native, classic}
}

// classicBucket counts the values up to a power of two.
func classicBucket(exponent int, count uint64) *dto.Bucket {
	bound := math.Ldexp(1, exponent)
	return &dto.Bucket{UpperBound: &bound, CumulativeCount: &count}
}
