package dispatch

import (
	"errors"
	"fmt"
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

// prequalName is what New knows the rule by.
const prequalName = "prequal"

// prequalConfig has the parameters of Prequal that its name may give.
type prequalConfig struct {
	Pool     float64 // probes that are kept at most, m, a whole number
	Probes   float64 // probes sent with each request, r_probe, a whole number
	Remove   float64 // probes removed with each request, r_remove, a whole number
	Age      float64 // s that a probe is kept at most
	Quantile float64 // of the latest numbers of requests in flight, which separates cold probes from hot ones, Q_RIF
}

// prequalDefaults returns those of the paper's experiments (Wydrowski et al., NSDI 2024);
// the quantile is 2^-0.25.
func prequalDefaults() prequalConfig {
	return prequalConfig{Pool: 16, Probes: 3, Remove: 1, Age: 1, Quantile: 0.8408964152537145}
}

// validate reports every parameter that is out of its range.
func (c prequalConfig) validate() error {
	var faults []error
	check := func(ok bool, name string, value float64, rule string) {
		if !ok {
			faults = append(faults, fmt.Errorf("dispatch: %s: %s is %g: must be %s", prequalName, name, value, rule))
		}
	}
	whole := func(x, least float64) bool { return x >= least && x <= 1000 && x == math.Trunc(x) }
	check(whole(c.Pool, 2), "pool", c.Pool, "a whole number in [2, 1000]")
	check(whole(c.Probes, 1), "probes", c.Probes, "a whole number in [1, 1000]")
	check(whole(c.Remove, 0), "remove", c.Remove, "a whole number in [0, 1000]")
	check(c.Age > 0 && c.Age <= 1e6, "age", c.Age, "in (0, 1e6]")
	check(c.Quantile > 0 && c.Quantile <= 1, "quantile", c.Quantile, "in (0, 1]")
	return errors.Join(faults...)
}

// The parameters of Prequal that are fixed.
const (
	prequalSurplus = 1.0 // rate at which unused probes may gather, delta; the paper's
	prequalWindow  = 128 // the number of latest answers that the quantile is of; our choice

	prequalMinProbes = 2 // with fewer probes a server is drawn at random

	// prequalRoundTrip is the time (s) from sending a probe to receiving its
	// answer: two packets at about the mean of the simulator's latencies. It is
	// our choice.
	prequalRoundTrip = 0.001
)

// Prequal is probing to reduce queueing and latency (Wydrowski et al., "Load
// is not what you should balance: Introducing Prequal", NSDI 2024), with
// asynchronous probes. With each request three servers, drawn at random, are
// asked for their requests in flight (RIF) and their latency at about so many;
// the answers, of all LBs' requests, come into a pool of 16. A request goes
// where the hot-cold lexicographic rule says: a probe is hot if its RIF is
// above the 0.84 quantile of the latest ones. Of the cold probes that of least
// latency is chosen, and if all are hot, that of least RIF. A server that has not
// completed a request yet has a latency of 0, the least, so that it is tried.
//
// A probe in the pool counts one more request in flight for each that this LB
// sends there, and serves for as many requests as eq. (1) of the paper allows
// (reuses), one in pools of up to 24 servers. With each request one probe is removed, the oldest and the worst
// in turn, and none is kept for more than 1 s. With fewer than two probes a
// server is drawn at random.
//
// Capacities are not used, because the servers' answers reflect them. Where
// servers tell nothing (View.Reports is nil) the rule draws two of them at random
// and takes the one with fewer of the LB's own requests.
//
// Where the paper leaves it open, a server has one probe in the pool, its latest;
// a probe's numbers are those at the time when it was sent; and the quantile is
// that of the latest 128 answers.
type Prequal struct {
	cfg           prequalConfig
	members       membership
	pool          probePool
	sent          []probe // probes whose answers have not arrived yet, in the order of sending
	inFlight      windowQuantile
	removesOldest bool // the next probe to remove is the oldest, not the worst

	drawn []int32 // the servers asked with the present request
}

// NewPrequal returns the rule for a number of servers, with the paper's parameters.
func NewPrequal(servers int) (*Prequal, error) { return newPrequal(servers, prequalDefaults()) }

// newNamedPrequal returns the rule for New, with the parameters that its name gives.
func newNamedPrequal(o Options) (Rule, error) {
	cfg := prequalDefaults()
	o.constants.set("pool", &cfg.Pool)
	o.constants.set("probes", &cfg.Probes)
	o.constants.set("remove", &cfg.Remove)
	o.constants.set("age", &cfg.Age)
	o.constants.set("quantile", &cfg.Quantile)
	return newPrequal(len(o.Capacity), cfg)
}

func newPrequal(servers int, cfg prequalConfig) (*Prequal, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := checkWeights(uniform(servers)); err != nil {
		return nil, err
	}
	r := &Prequal{
		cfg:      cfg,
		members:  newMembership(servers),
		pool:     probePool{probes: make([]probe, 0, int(cfg.Pool)), size: int(cfg.Pool)},
		inFlight: newWindowQuantile(cfg.Quantile, prequalWindow),
		drawn:    make([]int32, 0, int(cfg.Probes)),
	}
	r.Reset()
	return r, nil
}

// Reset implements Resetter.
func (r *Prequal) Reset() {
	r.pool.probes, r.sent = r.pool.probes[:0], r.sent[:0]
	r.inFlight.reset()
	r.removesOldest = true
}

// Pick implements Rule.
func (r *Prequal) Pick(v *View) int {
	if r.members.update(v) {
		out := func(x probe) bool { return r.members.out[x.server] }
		r.pool.probes = slices.DeleteFunc(r.pool.probes, out)
		r.sent = slices.DeleteFunc(r.sent, out)
	}
	if v.Reports == nil {
		first, second := r.members.pair(v.Rand)
		if v.Ongoing[second] < v.Ongoing[first] {
			return second
		}
		return first
	}
	r.receive(v)
	r.pool.dropBefore(v.Now - r.cfg.Age)
	r.send(v)
	server := r.choose(v)
	for range int(r.cfg.Remove) {
		r.remove()
	}
	return server
}

// receive moves the answers that have arrived by now into the pool.
func (r *Prequal) receive(v *View) {
	received := 0
	for received < len(r.sent) && r.sent[received].receivedAt <= v.Now {
		x := r.sent[received]
		received++
		x.uses = roundAtRandom(r.cfg.reuses(len(r.members.in)), v.Rand)
		r.inFlight.add(x.inFlight)
		r.pool.add(x)
	}
	r.sent = slices.Delete(r.sent, 0, received)
}

// reuses returns eq. (1) of the paper, the number of requests that a probe may
// serve for: max(1, (1 + delta) / ((1 - m/n) r_probe - r_remove)) of n servers
// and a pool of m. The quotient is what lets probes gather as fast as delta says where
// more of other servers come in than are removed. Where not (n up to 24, of the paper's
// parameters) it is negative, and the formula is 1: each probe serves once, and the
// pool settles at the number of probes at which what comes in is what goes, n/3.
// Were probes used on there, as they once were here, all LBs would send all they have
// to the server of least latency until it is hot.
func (c prequalConfig) reuses(servers int) float64 {
	kept := min(c.Pool/float64(servers), 1)
	gain := (1-kept)*c.Probes - c.Remove
	if gain < 1e-9 { // not positive, but for rounding
		return 1
	}
	return min(max(1, (1+prequalSurplus)/gain), math.MaxInt32)
}

// roundAtRandom returns one of the two whole numbers around x, drawn so that the
// mean is x.
func roundAtRandom(x float64, rng *rand.Rand) int32 {
	whole := math.Floor(x)
	if x > whole && rng.Float64() < x-whole {
		whole++
	}
	return int32(whole)
}

// send sends probes to servers drawn at random without repetition, by Floyd's
// method.
func (r *Prequal) send(v *View) {
	n := len(r.members.in)
	r.drawn = r.drawn[:0]
	for last := n - min(n, int(r.cfg.Probes)); last < n; last++ {
		server := r.members.in[v.Rand.IntN(last+1)]
		if slices.Contains(r.drawn, server) {
			server = r.members.in[last]
		}
		r.drawn = append(r.drawn, server)
		inFlight, latency := v.Reports.Probe(int(server))
		r.sent = append(r.sent, probe{server: server, inFlight: inFlight, latency: latency, receivedAt: v.Now + prequalRoundTrip})
	}
}

// choose returns the server for a request and counts the request in the probes of
// that server.
func (r *Prequal) choose(v *View) int {
	var server int32
	if len(r.pool.probes) < prequalMinProbes {
		server = r.members.in[v.Rand.IntN(len(r.members.in))]
	} else {
		k := r.pool.best(r.inFlight.value())
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

// remove removes one probe from the pool, the oldest and the worst in turn.
func (r *Prequal) remove() {
	k := 0
	if !r.removesOldest {
		k = r.pool.worst(r.inFlight.value())
	}
	r.removesOldest = !r.removesOldest
	if len(r.pool.probes) > 0 {
		r.pool.remove(k)
	}
}

// State implements snapshot.Stater.
func (r *Prequal) State(c *snapshot.Codec) {
	servers := len(r.members.out)
	snapshot.Int(c, &servers)
	if servers != len(r.members.out) {
		c.Fail("%d servers where there are %d", servers, len(r.members.out))
	}
	for _, list := range []*[]probe{&r.pool.probes, &r.sent} {
		snapshot.Slice(c, list, func(x *probe) { r.probeState(c, x) })
	}
	if len(r.pool.probes) > r.pool.size {
		c.Fail("%d probes in a pool of %d", len(r.pool.probes), r.pool.size)
	}
	r.inFlight.state(c)
	c.Bool(&r.removesOldest)
	if c.Reading() {
		// The probes that were read may be of servers that are out: as if none were,
		// so that the next pick looks at each.
		r.members = newMembership(len(r.members.out))
	}
	if c.Err() != nil {
		r.Reset()
	}
}

// probeState walks over one probe.
func (r *Prequal) probeState(c *snapshot.Codec, x *probe) {
	snapshot.Int(c, &x.server)
	snapshot.Int(c, &x.inFlight)
	c.Float64(&x.latency)
	c.Float64(&x.receivedAt)
	snapshot.Int(c, &x.uses)
	if x.server < 0 || int(x.server) >= len(r.members.out) {
		c.Fail("a probe of server %d where there are %d", x.server, len(r.members.out))
	}
	if !(x.latency >= 0 && x.receivedAt >= 0) {
		c.Fail("a probe of latency %g at %g s", x.latency, x.receivedAt)
	}
}
