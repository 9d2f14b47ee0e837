package dispatch

import (
	"math"
	"math/rand/v2"
	"slices"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*Prequal)(nil)
	_ Resetter        = (*Prequal)(nil)
	_ snapshot.Stater = (*Prequal)(nil)
)

// The parameters of Prequal; those of the paper's experiments where it names
// them (Wydrowski et al., NSDI 2024).
const (
	prequalPool    = 16  // probes that are kept at most, m
	prequalProbes  = 3   // probes sent with each request, r_probe
	prequalRemove  = 1.0 // probes removed with each request, r_remove
	prequalSurplus = 1.0 // rate at which unused probes may gather, delta
	prequalAge     = 1.0 // s that a probe is kept at most

	// prequalQuantile of the requests in flight seen of late separates cold
	// from hot: Q_RIF = 2^-0.25 = 0.84.
	prequalQuantile = 0.8408964152537145
	prequalWindow   = 128 // answers that make up "of late"; ours

	prequalLeast = 2 // with fewer probes a server is drawn at random

	// prequalTrip is the time (s) from sending a probe to having its answer,
	// ours: two packets at about the mean of the simulator's latencies.
	prequalTrip = 0.001
)

// Prequal is probing to reduce queueing and latency (Wydrowski et al., "Load
// is not what you should balance: Introducing Prequal", NSDI 2024), with
// asynchronous probes. With each request three servers, drawn at random, are
// asked for their requests in flight (RIF) and their latency at about so many;
// the answers, of all LBs' requests, come into a pool of 16. A request goes
// where the hot-cold lexicographic rule says: a probe is hot if its RIF is
// above the 0.84 quantile of those seen of late; of the cold ones the least
// latency is chosen, and if all are hot the least RIF. A latency of 0, of a
// server that has not answered a request yet, is the least, so it is tried.
//
// A probe in the pool counts one more request in flight for each that this LB
// sends there, and serves for as many requests as eq. (1) of the paper allows
// (reuses). With each request one probe is removed, the oldest and the worst
// in turn; none is kept for more than 1 s. With fewer than two probes a server
// is drawn at random.
//
// Capacity is not used: what servers tell has it in it. Where they tell
// nothing (View.Servers is nil) the rule takes the one of less own requests
// of two drawn at random.
//
// Where the paper is silent: a server has one probe in the pool, its latest.
// A probe's numbers are those of when it was sent. The RIF that the quantile
// is of are those of the latest 128 answers.
type Prequal struct {
	servers members
	pool    pool
	sent    []probe // whose answers are under way, in order
	flight  quantile
	oldest  bool // the next probe removed is the oldest, not the worst
}

// NewPrequal returns the rule for a number of servers.
func NewPrequal(servers int) (*Prequal, error) {
	if err := checkWeights(uniform(servers)); err != nil {
		return nil, err
	}
	r := &Prequal{
		servers: newMembers(servers),
		pool:    pool{probes: make([]probe, 0, prequalPool), most: prequalPool},
		flight:  newQuantile(prequalQuantile, prequalWindow),
	}
	r.Reset()
	return r, nil
}

// Reset implements Resetter.
func (r *Prequal) Reset() {
	r.pool.probes, r.sent = r.pool.probes[:0], r.sent[:0]
	r.flight.reset()
	r.oldest = true
}

// Pick implements Rule.
func (r *Prequal) Pick(v *View) int {
	if r.servers.update(v) {
		out := func(x probe) bool { return r.servers.out[x.server] }
		r.pool.probes = slices.DeleteFunc(r.pool.probes, out)
		r.sent = slices.DeleteFunc(r.sent, out)
	}
	if v.Servers == nil {
		first, second := r.servers.pair(v.Rand)
		if v.Ongoing[second] < v.Ongoing[first] {
			return second
		}
		return first
	}
	r.receive(v)
	r.pool.age(v.Now - prequalAge)
	r.send(v)
	server := r.choose(v)
	r.remove()
	return server
}

// receive takes the answers that are here into the pool.
func (r *Prequal) receive(v *View) {
	here := 0
	for here < len(r.sent) && r.sent[here].at <= v.Now {
		x := r.sent[here]
		here++
		x.uses = round(reuses(len(r.servers.in)), v.Rand)
		r.flight.add(x.inFlight)
		r.pool.add(x)
	}
	r.sent = slices.Delete(r.sent, 0, here)
}

// reuses returns eq. (1) of the paper, the number of requests that a probe may
// serve for: max(1, (1 + delta) / ((1 - m/n) r_probe - r_remove)) of n servers
// and a pool of m. Where as many probes go as come in, or more, it is without
// bound, as it is in the limit; age ends them.
func reuses(servers int) float64 {
	kept := min(prequalPool/float64(servers), 1)
	gain := (1-kept)*prequalProbes - prequalRemove
	if gain <= 0 {
		return math.MaxInt32
	}
	return min(max(1, (1+prequalSurplus)/gain), math.MaxInt32)
}

// round returns one of the two whole numbers around x at random, so that its
// mean is x.
func round(x float64, rng *rand.Rand) int32 {
	whole := math.Floor(x)
	if x > whole && rng.Float64() < x-whole {
		whole++
	}
	return int32(whole)
}

// send asks servers that are drawn at random, none twice, by Floyd's method.
func (r *Prequal) send(v *View) {
	n := len(r.servers.in)
	var drawn [prequalProbes]int32
	chosen := drawn[:0]
	for last := n - min(n, prequalProbes); last < n; last++ {
		server := r.servers.in[v.Rand.IntN(last+1)]
		if slices.Contains(chosen, server) {
			server = r.servers.in[last]
		}
		chosen = append(chosen, server)
		inFlight, latency := v.Servers.Probe(int(server))
		r.sent = append(r.sent, probe{server: server, inFlight: inFlight, latency: latency, at: v.Now + prequalTrip})
	}
}

// choose returns the server for a request and notes what it adds there.
func (r *Prequal) choose(v *View) int {
	var server int32
	if len(r.pool.probes) < prequalLeast {
		server = r.servers.in[v.Rand.IntN(len(r.servers.in))]
	} else {
		k := r.pool.best(r.flight.value())
		x := &r.pool.probes[k]
		server = x.server
		x.uses--
		if x.uses <= 0 {
			r.pool.remove(k)
		}
	}
	for _, probes := range [][]probe{r.pool.probes, r.sent} {
		for k := range probes {
			if probes[k].server == server {
				probes[k].inFlight++
			}
		}
	}
	return int(server)
}

// remove takes one probe out of the pool.
func (r *Prequal) remove() {
	k := 0
	if !r.oldest {
		k = r.pool.worst(r.flight.value())
	}
	r.oldest = !r.oldest
	if len(r.pool.probes) > 0 {
		r.pool.remove(k)
	}
}

// State implements snapshot.Stater.
func (r *Prequal) State(c *snapshot.Codec) {
	servers := len(r.servers.out)
	snapshot.Int(c, &servers)
	if servers != len(r.servers.out) {
		c.Fail("%d servers where there are %d", servers, len(r.servers.out))
	}
	for _, list := range []*[]probe{&r.pool.probes, &r.sent} {
		snapshot.Slice(c, list, func(x *probe) { r.walk(c, x) })
	}
	if len(r.pool.probes) > r.pool.most {
		c.Fail("%d probes in a pool of %d", len(r.pool.probes), r.pool.most)
	}
	r.flight.state(c)
	c.Bool(&r.oldest)
	if c.Err() != nil {
		r.Reset()
	}
}

// walk goes over one probe.
func (r *Prequal) walk(c *snapshot.Codec, x *probe) {
	snapshot.Int(c, &x.server)
	snapshot.Int(c, &x.inFlight)
	c.Float64(&x.latency)
	c.Float64(&x.at)
	snapshot.Int(c, &x.uses)
	if x.server < 0 || int(x.server) >= len(r.servers.out) {
		c.Fail("a probe of server %d where there are %d", x.server, len(r.servers.out))
	}
	if !(x.latency >= 0 && x.at >= 0) {
		c.Fail("a probe of latency %g at %g s", x.latency, x.at)
	}
}
