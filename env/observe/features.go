package observe

import (
	"math/rand/v2"

	"fairlb/env"
)

// Features lists the features that Observer.Write writes for one server, in order
// (F = 11).
func Features() []env.Feature {
	f := []env.Feature{{Name: "ongoing", Unit: "requests"}}
	for _, source := range []string{"completion", "elapsed"} {
		for _, figure := range []string{"mean", "sd", "p90", "discounted_mean", "discounted_p90"} {
			f = append(f, env.Feature{Name: source + "_" + figure, Unit: "s"})
		}
	}
	return f
}

// featureCount is the number of Features.
const featureCount = 11

// Observer holds what one LB has seen of each server.
type Observer struct {
	completion []Reservoir // by server, flow completion times
	elapsed    []Reservoir // by server, elapsed times of ongoing flows, sampled at each step
	rng        *rand.Rand  // draws the slots of the samples
}

// New returns an Observer for the given number of servers.
func New(servers int) *Observer {
	return &Observer{completion: make([]Reservoir, servers), elapsed: make([]Reservoir, servers)}
}

// Reset drops all samples; the slots of the next ones are drawn from rng.
func (o *Observer) Reset(rng *rand.Rand) {
	o.rng = rng
	for j := range o.completion {
		o.completion[j].Reset()
		o.elapsed[j].Reset()
	}
}

// Completed records that a flow on the server completed at time now (s), duration s
// after it began. Times never decrease.
func (o *Observer) Completed(server int, now, duration float64) {
	o.completion[server].Insert(now, duration, o.rng)
}

// Elapsed records that at time now (s) a flow on the server has been ongoing for the
// given time (s).
func (o *Observer) Elapsed(server int, now, elapsed float64) {
	o.elapsed[server].Insert(now, elapsed, o.rng)
}

// Write fills obs, a row of Features for each server, from the reservoirs and from
// the numbers of ongoing requests. It fills load with the LB's estimate l_ij of each
// server's load: the discounted mean of the elapsed times of its ongoing flows (s).
func (o *Observer) Write(obs []float32, load []float64, ongoing []int32) {
	for j, q := range ongoing {
		row := obs[j*featureCount : (j+1)*featureCount]
		completion, elapsed := o.completion[j].Statistics(), o.elapsed[j].Statistics()
		row[0] = float32(q)
		completion.write(row[1:6])
		elapsed.write(row[6:11])
		load[j] = elapsed.DiscountedMean
	}
}

// write fills dst with the five figures, in the order of Features.
func (s *Statistics) write(dst []float32) {
	dst[0], dst[1], dst[2] = float32(s.Mean), float32(s.SD), float32(s.P90)
	dst[3], dst[4] = float32(s.DiscountedMean), float32(s.DiscountedP90)
}
