package complaints

import (
	"math"
	"slices"
)

// manyBalancers: who has ten load balancers because one cannot take the traffic, and was
// content with what one did, wants many to be as good. They cannot quite be, since none
// sees all; up to a quarter more time is taken to be what he would pay, less than what a
// choice at random by capacity costs (about half as much again). And he complains that the
// servers of least weight get nothing: they are to get half of what is their part by
// capacity at least, below which their processors are as good as bought for nothing.
func manyBalancers(r *Run) []Figure {
	smallest := math.Inf(1)
	for j := range r.Servers {
		smallest = min(smallest, r.capacity(j))
	}
	share, n := 0.0, 0.0
	for j, s := range r.shares(0, r.Duration) {
		if r.capacity(j) == smallest {
			share, n = share+s, n+1
		}
	}
	return []Figure{
		{What: "mean time, over that with one load balancer", Value: mean(r.Outcomes) / mean(r.Reference), Limit: 1.25},
		{What: "requests of the smallest servers, over their part", Value: share / n, Limit: 0.5, AtLeast: true},
	}
}

// starvedFrom (s) is when starved begins to look: seconds after the slow first one, in which
// a server may well be passed over.
const starvedFrom = 5

// starved: who has five equal servers wants five to work. The complaint is that one is shut
// out, not that shares differ: a rule that prefers idle servers in a fixed order gives the
// last one half its part at this load, and nobody waits for it. With less than a quarter of
// its part a server is as good as out, for the others have 24 % of the requests each where
// they would have 25 % without it. Windows of 5 s have 300 requests; a choice at random
// leaves no server below 0.7 in any.
func starved(r *Run) []Figure {
	least := math.Inf(1)
	r.windows(starvedFrom, 5, func(begin float64) {
		if shares := r.shares(begin, begin+5); shares != nil {
			least = min(least, slices.Min(shares))
		}
	})
	if math.IsInf(least, 1) {
		least = math.NaN()
	}
	return []Figure{{What: "least part of a server in 5 s, over a fifth", Value: least, Limit: 0.25, AtLeast: true}}
}

// flooded: who balances by latency does so for a shorter tail than weights set by hand
// give, by the best of which, the true capacities, he is to be no worse off. And no server
// is to get twice its part by capacity for a whole second: at a load of 0.7 that is 1.4
// times what it can do, so that a queue grows there, whatever answers were like before.
// Chance alone gives up to 1.5 times.
func flooded(r *Run) []Figure {
	most := math.NaN()
	r.windows(0, 1, func(begin float64) {
		if shares := r.shares(begin, begin+1); shares != nil {
			most = math.Max(slices.Max(shares), zeroIfNaN(most))
		}
	})
	return []Figure{
		{What: "greatest part of a server in 1 s, over its capacity's", Value: most, Limit: 2},
		{What: "99th percentile, over that at random by true capacities", Value: percentile(r.Outcomes, 99) / percentile(r.Reference, 99), Limit: 1},
	}
}

func zeroIfNaN(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// failsFast: who has a server that fails requests wants it to get none but those by which it
// is found out whether it still does. A second is long enough to see that it fails. From
// then on a tenth of what a choice at random would lose, a fifth of the requests, is ample
// for trials: at 167 requests/s it is more than three a second.
func failsFast(r *Run) []Figure {
	_, from, to, ok := r.changed()
	failed, all := 0.0, 0.0
	for _, o := range r.Outcomes {
		if ok && o.Arrival >= from+1 && o.Arrival < to {
			all++
			if o.Failed {
				failed++
			}
		}
	}
	return []Figure{{What: "part of requests that failed, from 1 s on", Value: failed / all, Limit: 0.02}}
}

// forgotten: who complains saw one request/s more a minute, and wants the traffic back as
// soon as the server is well again. That can be known only by trying it; 10 s is the time
// constant with which peak EWMA forgets, and what Kubernetes waits between two checks of
// whether a server is ready. It is back in the first second in which it gets half its part.
func forgotten(r *Run) []Figure {
	server, _, to, ok := r.changed()
	after := math.NaN()
	if ok {
		after = math.Inf(1)
		r.windows(to, 1, func(begin float64) {
			if shares := r.shares(begin, begin+1); shares != nil && shares[server] >= 0.5 {
				after = min(after, begin+1-to)
			}
		})
	}
	return []Figure{{What: "time until it has half its part again", Unit: "s", Value: after, Limit: 10}}
}
