package runtrace

import (
	"fmt"
	"math"
	"slices"
)

// Times is a distribution of completion times: pairs of a bucket and how many times are in
// it, in rising order of the buckets. Bucket 0 has the times up to 0.1 ms, and bucket k those
// up to 0.1 ms x 1.1^k that are in none before. A quantile by buckets is wrong by 10 % at most, and by less as a rule.
type Times [][2]int

const (
	firstBucket  = 1e-4 // s, the upper end of bucket 0
	bucketFactor = 1.1
	buckets      = 256 // the last takes all that is longer
)

// bucketOf returns the bucket of a time (s).
func bucketOf(seconds float64) int {
	if !(seconds > firstBucket) {
		return 0
	}
	return int(min(math.Ceil(math.Log(seconds/firstBucket)/math.Log(bucketFactor)), buckets-1))
}

// check returns the faults of a distribution of that many times.
func (t Times) check(count int) (faults []error) {
	total, before := 0, -1
	for k, x := range t {
		if x[0] <= before || x[0] >= buckets {
			faults = append(faults, fmt.Errorf("ended.times[%d]: bucket %d: must be more than the bucket before, and at most %d", k, x[0], buckets-1))
		}
		if x[1] <= 0 || x[1] > count {
			return append(faults, fmt.Errorf("ended.times[%d]: %d times: must be 1 to %d, ended.count", k, x[1], count))
		}
		before, total = x[0], total+x[1]
	}
	if t != nil && total != count {
		faults = append(faults, fmt.Errorf("ended.times: %d times: must be %d, ended.count", total, count))
	}
	return faults
}

// EndedOf sums up requests that took those times (s), which it sorts, failed ones at their
// timeout.
func EndedOf(times []float64, failed int) Ended {
	e := Ended{Count: len(times), Failed: failed}
	if e.Count == 0 {
		return e
	}
	slices.Sort(times)
	sum := 0.0
	for _, x := range times {
		sum += x
		if k, last := bucketOf(x), len(e.Times)-1; last >= 0 && e.Times[last][0] == k {
			e.Times[last][1]++
		} else {
			e.Times = append(e.Times, [2]int{k, 1})
		}
	}
	at := func(part float64) float64 { return times[max(0, int(math.Ceil(part*float64(e.Count)))-1)] }
	e.Mean, e.P50, e.P90, e.P99 = sum/float64(e.Count), at(0.5), at(0.9), at(0.99)
	return e
}

// Add adds that many times of a length (s), as in intervals of which more is not known.
func (t Times) Add(seconds float64, count int) Times {
	bucket := bucketOf(seconds)
	k, found := slices.BinarySearchFunc(t, bucket, func(x [2]int, bucket int) int { return x[0] - bucket })
	if !found {
		t = slices.Insert(t, k, [2]int{bucket, 0})
	}
	t[k][1] += count
	return t
}

// Together sums up the requests that ended in several intervals. Its quantiles are by
// buckets, as if the times in each were spread over it evenly.
func Together(list []Ended) Ended {
	var sum Ended
	var counts [buckets]int
	total := 0.0
	for _, e := range list {
		sum.Count += e.Count
		sum.Failed += e.Failed
		total += e.Mean * float64(e.Count)
		for _, x := range e.Times {
			counts[x[0]] += x[1]
		}
	}
	for k, n := range counts {
		if n > 0 {
			sum.Times = append(sum.Times, [2]int{k, n})
		}
	}
	if sum.Count > 0 {
		sum.Mean = total / float64(sum.Count)
	}
	sum.P50, sum.P90, sum.P99 = sum.Times.quantile(0.5), sum.Times.quantile(0.9), sum.Times.quantile(0.99)
	return sum
}

// quantile returns the time (s) below which that part of all times is; 0 of none.
func (t Times) quantile(part float64) float64 {
	n := 0
	for _, x := range t {
		n += x[1]
	}
	rank := max(1, int(math.Ceil(part*float64(n))))
	for _, x := range t {
		if rank <= x[1] {
			inside := (float64(rank) - 0.5) / float64(x[1])
			return firstBucket * math.Pow(bucketFactor, float64(x[0])-1+inside)
		}
		rank -= x[1]
	}
	return 0
}
