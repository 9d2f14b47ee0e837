package visibility

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"fairlb/env"
)

// Config says what is probed in a simulated episode, and compared.
type Config struct {
	Servers     int
	Frequencies []float64 // probes/s of each server; each is a controller of its own
	LatencyLow  float64   // s; the latency of a packet is uniform in [Low, High]
	LatencyHigh float64   // s
	Duration    float64   // s of the episode
}

// Spacing is the time (s) in each of which there is one moment of comparison, and
// longestWarmup how long (s) after the beginning, where servers fill and a seldom probe has
// not been answered twice, the first one is at most.
const (
	Spacing       = 0.01
	longestWarmup = 5
)

// Warmup is when (s) comparisons begin in an episode of that duration (s).
func Warmup(duration float64) float64 { return min(longestWarmup, duration/4) }

// Prober probes the servers of a simulated episode, at several frequencies at once, and
// observes their true load. Probes cost the servers nothing and do not change the episode.
//
// A server is probed each 1/frequency s from a random time on. The probe takes one latency
// to the server, which answers at once, and the answer another one. The moments of
// comparison are drawn at random, one in each Spacing, so that they meet probes of no
// frequency always at the same age.
type Prober struct {
	cfg     Config
	events  []event // in order of time
	next    int
	usedBy  [][]float64 // s of processor time, by moment and server, a Window before the moment
	truth   Observation
	answers [][][]Answer // by frequency and server
}

var _ env.ScheduledSampler = (*Prober)(nil)

// event is a time at which the servers' state is needed.
type event struct {
	at        float64 // s
	kind      eventKind
	index     int32 // of the moment, or of the frequency
	server    int32
	responded float64 // s, when the answer has come
}

type eventKind uint8

const (
	windowBegin eventKind = iota // of a moment
	moment
	probe
)

// NewProber returns the prober of the episode of a seed.
func NewProber(cfg Config, seed uint64) *Prober {
	p := &Prober{cfg: cfg, truth: Observation{Requests: make([][]float64, cfg.Servers), CPUUse: make([][]float64, cfg.Servers)}}
	rng := rand.New(env.Stream(seed, "probing/moments"))
	for k := int(math.Ceil(Warmup(cfg.Duration) / Spacing)); float64(k+1)*Spacing <= cfg.Duration; k++ {
		at := (float64(k) + rng.Float64()) * Spacing
		if at < Window {
			continue
		}
		n := int32(len(p.usedBy))
		p.events = append(p.events, event{at: at - Window, kind: windowBegin, index: n}, event{at: at, kind: moment, index: n})
		p.usedBy = append(p.usedBy, make([]float64, cfg.Servers))
	}
	for f, frequency := range cfg.Frequencies {
		p.answers = append(p.answers, make([][]Answer, cfg.Servers))
		rng := rand.New(env.Stream(seed, fmt.Sprintf("probing/%g", frequency)))
		for j := range cfg.Servers {
			p.schedule(f, j, frequency, rng)
		}
	}
	slices.SortStableFunc(p.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return p
}

// schedule adds the probes of one server at one frequency.
func (p *Prober) schedule(f, server int, frequency float64, rng *rand.Rand) {
	latency := func() float64 { return p.cfg.LatencyLow + (p.cfg.LatencyHigh-p.cfg.LatencyLow)*rng.Float64() }
	phase, received := rng.Float64(), 0.0
	for k := 0; ; k++ {
		at := (float64(k)+phase)/frequency + latency()
		if at > p.cfg.Duration {
			return
		}
		received = max(received, at+latency()) // of one connection, answers come in order
		p.events = append(p.events, event{at, probe, int32(f), int32(server), received})
	}
}

// NextSample implements env.ScheduledSampler.
func (p *Prober) NextSample() float64 {
	if p.next == len(p.events) {
		return math.Inf(1)
	}
	return p.events[p.next].at
}

// Sample implements env.Sampler.
func (p *Prober) Sample(now float64, t *env.Truth) {
	if p.next == len(p.events) {
		return
	}
	e := p.events[p.next]
	p.next++
	switch e.kind {
	case windowBegin:
		copy(p.usedBy[e.index], t.CPUTime)
	case moment:
		p.truth.Times = append(p.truth.Times, now)
		for j := range p.cfg.Servers {
			p.truth.Requests[j] = append(p.truth.Requests[j], float64(held(t, j)))
			p.truth.CPUUse[j] = append(p.truth.CPUUse[j], wholePercent((t.CPUTime[j]-p.usedBy[e.index][j])/(Window*float64(t.CPUs[j]))))
		}
	case probe:
		list := &p.answers[e.index][e.server]
		*list = append(*list, Answer{now, e.responded, held(t, int(e.server)), t.CPUTime[e.server], t.CPUs[e.server]})
	}
}

// Observation returns what was seen of the servers, and Answers what they answered to the
// probes of each frequency.
func (p *Prober) Observation() *Observation { return &p.truth }

// Answers returns the answers by frequency and server.
func (p *Prober) Answers() [][][]Answer { return p.answers }
