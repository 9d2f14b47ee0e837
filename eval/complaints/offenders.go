package complaints

import (
	"math"

	"fairlb/env/dispatch"
)

// leastConnections is HAProxy's leastconn: SED's rule by weights.
func leastConnections(o dispatch.Options) (dispatch.Rule, error) {
	return dispatch.NewShortestDelay(o.Capacity, o)
}

// allConnections is what leastConnections is where one load balancer has all requests.
func allConnections(o dispatch.Options) (dispatch.Rule, error) {
	return dispatch.NewGlobalShortestDelay(o.Capacity)
}

// trueWeights draws servers by their true capacities.
func trueWeights(o dispatch.Options) (dispatch.Rule, error) { return dispatch.NewRandom(o.Capacity) }

// meanTimes chooses the server of the least mean time of its latest requests, times the
// requests under way if it weighs them. Servers whose time is not known come first; of
// equal ones, each has its turn.
type meanTimes struct {
	byRequests bool
	servers    []recent
	turn       int
}

// recent is the times (s) of a server's latest requests.
type recent struct {
	times []float64 // at most as many as its capacity
	next  int       // the oldest, once there are as many
	sum   float64
}

func newMeanTimes(servers, samples int, byRequests bool) *meanTimes {
	r := &meanTimes{byRequests: byRequests, servers: make([]recent, servers)}
	for j := range r.servers {
		r.servers[j].times = make([]float64, 0, samples)
	}
	return r
}

// leastTime is Traefik's leasttime: the mean of the last 100 response times, however long ago
// they were, times the requests under way and one.
func leastTime(o dispatch.Options) (dispatch.Rule, error) {
	return newMeanTimes(len(o.Capacity), 100, true), nil
}

// leastLatency goes by the mean of the last 20 response times alone.
func leastLatency(o dispatch.Options) (dispatch.Rule, error) {
	return newMeanTimes(len(o.Capacity), 20, false), nil
}

// Pick implements dispatch.Rule.
func (r *meanTimes) Pick(v *dispatch.View) int {
	best, least := -1, math.Inf(1)
	r.turn++
	for k := range r.servers {
		j := (k + r.turn) % len(r.servers)
		if v.Out != nil && v.Out[j] {
			continue
		}
		score := 0.0
		if x := &r.servers[j]; len(x.times) > 0 {
			score = x.sum / float64(len(x.times))
		}
		if r.byRequests {
			score *= float64(v.Ongoing[j] + 1)
		}
		if best < 0 || score < least {
			best, least = j, score
		}
	}
	return best
}

// Completed implements dispatch.Completer.
func (r *meanTimes) Completed(c dispatch.Completion) {
	x := &r.servers[c.Server]
	x.sum += c.Duration
	if len(x.times) < cap(x.times) {
		x.times = append(x.times, c.Duration)
		return
	}
	x.sum -= x.times[x.next]
	x.times[x.next] = c.Duration
	x.next = (x.next + 1) % len(x.times)
}

// peakEWMA is peak EWMA as it is without the penalty on failures that our own has: a
// failure is a response as any other, and a fast one.
type peakEWMA struct{ *dispatch.PeakEWMA }

func blindPeakEWMA(o dispatch.Options) (dispatch.Rule, error) {
	rule, err := dispatch.NewPeakEWMA(len(o.Capacity))
	return peakEWMA{rule}, err
}

// Completed implements dispatch.Completer.
func (r peakEWMA) Completed(c dispatch.Completion) {
	c.Failed = false
	r.PeakEWMA.Completed(c)
}

// responseWeights is ServiceComb's WeightedResponse as it was: servers are drawn with a
// weight of what their mean time, of all requests since the beginning, is below the sum of
// all servers' means.
type responseWeights struct {
	sum, n  []float64
	weights []float64
}

func weightedResponse(o dispatch.Options) (dispatch.Rule, error) {
	n := len(o.Capacity)
	return &responseWeights{sum: make([]float64, n), n: make([]float64, n), weights: make([]float64, n)}, nil
}

// Pick implements dispatch.Rule. All servers must be in.
func (r *responseWeights) Pick(v *dispatch.View) int {
	total := 0.0
	for j := range r.weights {
		r.weights[j] = r.sum[j] / max(r.n[j], 1)
		total += r.weights[j]
	}
	if total == 0 {
		return v.Rand.IntN(len(r.weights))
	}
	// The weights, total - mean, add up to this.
	u := v.Rand.Float64() * total * float64(len(r.weights)-1)
	for j, mean := range r.weights {
		if u -= total - mean; u < 0 {
			return j
		}
	}
	return len(r.weights) - 1
}

// Completed implements dispatch.Completer.
func (r *responseWeights) Completed(c dispatch.Completion) {
	r.sum[c.Server] += c.Duration
	r.n[c.Server]++
}

var (
	_ dispatch.Completer = (*meanTimes)(nil)
	_ dispatch.Completer = peakEWMA{}
	_ dispatch.Completer = (*responseWeights)(nil)
)
