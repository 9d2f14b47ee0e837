package rewards

import (
	"errors"
	"fmt"
	"strings"
)

const (
	errZero  = "rewards: use of a zero Reward"
	errShape = "rewards: vectors of different lengths"
)

// ErrUnknown reports a name that is no reward's.
var ErrUnknown = errors.New("rewards: unknown reward")

// definition is what there is to know of a reward.
type definition struct {
	name string
	// of is the reward, of the loads of all servers or, if ongoing is set, of
	// their ongoing requests.
	of      func(values []float64) float64
	ongoing bool
	// additive says that the reward is a sum of one term per server.
	additive bool
	// parts writes to dst[j] what server j contributed: its term of an additive
	// reward, else its Shapley value or, to first order, its marginal contribution
	// (credit.go). The parts sum to the reward. dst may be the values. It is nil for
	// PBF: one idle server makes that 0, whatever the others hold, and what is over
	// the largest load has no part of who holds it.
	parts func(dst, values []float64)
}

// count is how many rewards there are.
const count = 9

// definitions is the table of the rewards, in the order in which they are shown.
func definitions() [count]definition {
	return [count]definition{
		{name: "vbf", of: VBF, additive: true, parts: vbfParts},
		{name: "logvbf", of: LogVBF, parts: logVBFParts},
		{name: "vbf+logvbf", of: func(load []float64) float64 { return VBF(load) + LogVBF(load) }, parts: bothVBFParts},
		{name: "pbf", of: PBF},
		{name: "jain", of: Jain, parts: jainParts},
		{name: "cv", of: CV, parts: cvParts},
		{name: "ms", of: MS, parts: msParts},
		{name: "logms", of: LogMS, parts: logMSParts},
		{name: "ongoing", of: Ongoing, ongoing: true, additive: true, parts: ongoingParts},
	}
}

// Reward is one reward function, made by New, and how it is divided over servers.
// It is a value without state and may be used by several goroutines at once. The
// zero Reward is invalid: its methods panic.
type Reward struct {
	number int    // in definitions, from 1 on
	credit Credit // empty: Additive
}

// definition returns what there is to know of the reward.
func (r Reward) definition() definition {
	if r.number == 0 {
		panic(errZero)
	}
	return definitions()[r.number-1]
}

// New returns the reward of that name, in any case: one of Names, or "g",
// which is RLB-SAC's name of "pbf". It fails with ErrUnknown.
func New(name string) (Reward, error) {
	lower := strings.ToLower(name)
	if lower == "g" {
		lower = "pbf"
	}
	for k, d := range definitions() {
		if d.name == lower {
			return Reward{number: k + 1}, nil
		}
	}
	return Reward{}, fmt.Errorf("%w %q (want one of %s, or g for pbf)", ErrUnknown, name, strings.Join(Names(), ", "))
}

// Names lists the rewards, in a fixed order, without the alias "g".
func Names() []string {
	names := make([]string, 0, count)
	for _, d := range definitions() {
		names = append(names, d.name)
	}
	return names
}

// Name returns the reward's name, as in Names.
func (r Reward) Name() string { return r.definition().name }

// Additive reports whether the reward is a sum of one term per server.
func (r Reward) Additive() bool { return r.definition().additive }

// Divisible reports whether there are parts of the reward that servers contributed,
// and so whether the credit Server is another than Whole. PBF alone has none.
func (r Reward) Divisible() bool { return r.definition().parts != nil }

// WithCredit returns the reward divided over servers by the given credit; that of
// New is Additive.
func (r Reward) WithCredit(c Credit) Reward {
	r.credit = c
	return r
}

// Of returns the reward of an LB whose loads are load[j] = l_j, in s, and
// whose own ongoing requests are ongoing[j] = q_j. Only the reward "ongoing"
// reads ongoing, and it reads nothing else, so the other may be nil.
func (r Reward) Of(load, ongoing []float64) float64 {
	d := r.definition()
	if d.ongoing {
		return d.of(ongoing)
	}
	return d.of(load)
}

// ByServer writes to dst[j] the part of the reward that is server j's and
// returns the whole, as Of does. The parts sum to it, up to rounding. Under the
// credit Server, or Additive where the reward is, they are what servers contributed,
// if there is such a thing:
//
//	vbf:                           -(l_j - mean l)^2 / N, its own term
//	ongoing:                       -q_j, its own term
//	ms, logms:                     its Shapley value, exactly
//	logvbf, vbf+logvbf, jain, cv:  its marginal contribution, to first order
//
// and else equal parts of the whole. dst has one entry per server; ByServer panics
// where it has not. dst may be what is read.
func (r Reward) ByServer(dst, load, ongoing []float64) float64 {
	d, values := r.definition(), load
	if d.ongoing {
		values = ongoing
	}
	if len(dst) != len(values) {
		panic(errShape)
	}
	whole := d.of(values)
	if r.credit == Server && d.parts != nil || d.additive && r.credit != Whole {
		d.parts(dst, values)
		return whole
	}
	for j := range dst {
		dst[j] = whole / float64(len(dst))
	}
	return whole
}
