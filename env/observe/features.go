package observe

import (
	"math/rand/v2"

	"fairlb/env"
)

// Features lists the features that Observer.Write writes for one server, in order
// (F = 11). A feature that comes to mean something else gets another name, because
// by the names a policy is refused that was trained under other features. (Until
// elapsed times were sampled while flows run, theirs were called elapsed_mean and
// so on.)
func Features() []env.Feature {
	f := []env.Feature{{Name: "ongoing", Unit: "requests"}}
	for _, source := range []string{"completion", "sampled_elapsed"} {
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
	elapsed    []Reservoir // by server, elapsed times of ongoing flows; 0 where there was none
	moments    moments     // when elapsed times are sampled
	rng        *rand.Rand  // draws the moments, the flows that are sampled and the slots of the samples
	recorder   Recorder    // nil: nobody is told of samples
}

// New returns an Observer for the given number of servers.
func New(servers int) *Observer {
	return &Observer{completion: make([]Reservoir, servers), elapsed: make([]Reservoir, servers)}
}

// Reset drops all samples and begins at time 0; what comes is drawn from rng.
func (o *Observer) Reset(rng *rand.Rand) {
	o.rng = rng
	o.moments.reset(rng)
	o.Forget()
}

// Forget drops all samples. Time and the random stream go on.
func (o *Observer) Forget() {
	for j := range o.completion {
		o.completion[j].Reset()
		o.elapsed[j].Reset()
	}
}

// Inherit takes over the samples of an Observer of another set of servers, right after
// the Reset of this one: from[j] is what server j was there, -1 if it is new. Moments
// and the random stream go on as those of old, which must not be used any more.
func (o *Observer) Inherit(old *Observer, from []int) {
	for j, k := range from {
		if k >= 0 {
			o.completion[j], o.elapsed[j] = old.completion[k], old.elapsed[k]
		}
	}
	o.moments, o.rng = old.moments, old.rng
}

// Recorder is told of samples.
type Recorder interface {
	// Completed tells the completion time (s) of a flow on the server that completed at
	// time now (s).
	Completed(server int, now, duration float64)
	// Elapsed tells for how long (s) a flow on the server, chosen at random, had been
	// ongoing at time now (s); 0 where there was none.
	Elapsed(server int, now, elapsed float64)
}

// Record has r, which may be nil, told of all samples from now on.
func (o *Observer) Record(r Recorder) { o.recorder = r }

// Completed records that a flow on the server completed at time now (s), duration s
// after it began. Times never decrease.
func (o *Observer) Completed(server int, now, duration float64) {
	o.completion[server].Insert(now, duration, o.rng)
	if o.recorder != nil {
		o.recorder.Completed(server, now, duration)
	}
}

// Flows are the ongoing flows of one LB.
type Flows interface {
	// Count returns the number of ongoing flows on the server.
	Count(server int) int
	// Start returns when (s) the k-th of them began, k < Count(server). Their
	// order is any, as long as it follows from what happened alone.
	Start(server, k int) float64
}

// Sample samples elapsed times at each moment up to now (s) that has not been
// sampled yet: of each server that of one of its flows, chosen at random, or 0
// where it has none. It must be called before flows begin or end, so that flows are
// those that were ongoing at these moments.
func (o *Observer) Sample(now float64, flows Flows) {
	for o.moments.due(now, o.rng) {
		t := o.moments.next
		for j := range o.elapsed {
			elapsed := 0.0
			if n := flows.Count(j); n > 0 {
				elapsed = t - flows.Start(j, o.rng.IntN(n))
			}
			o.elapsed[j].Insert(t, elapsed, o.rng)
			if o.recorder != nil {
				o.recorder.Elapsed(j, t, elapsed)
			}
		}
		o.moments.advance(o.rng)
	}
}

// Write fills obs, a row of Features for each server, from the reservoirs and from
// the numbers of ongoing requests. It fills load with the LB's estimate l_ij of each
// server's load: the discounted mean of the sampled elapsed times (s). Sample must
// have been called with the present time, so that the estimate of a server that
// has become idle fades.
func (o *Observer) Write(obs []float32, load []float64, ongoing []int32) {
	for j, q := range ongoing {
		completion, elapsed := o.completion[j].Statistics(), o.elapsed[j].Statistics()
		load[j] = WriteRow(obs[j*featureCount:(j+1)*featureCount], q, &completion, &elapsed)
	}
}

// WriteRow fills row with the Features of one server, from its number of ongoing
// requests and the figures of its two reservoirs, and returns the estimate of its load
// (s).
func WriteRow(row []float32, ongoing int32, completion, elapsed *Statistics) (load float64) {
	row[0] = float32(ongoing)
	completion.write(row[1:6])
	elapsed.write(row[6:11])
	return elapsed.DiscountedMean
}

// write fills dst with the five figures, in the order of Features.
func (s *Statistics) write(dst []float32) {
	dst[0], dst[1], dst[2] = float32(s.Mean), float32(s.SD), float32(s.P90)
	dst[3], dst[4] = float32(s.DiscountedMean), float32(s.DiscountedP90)
}
