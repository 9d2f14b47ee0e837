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

// kind tells the rewards apart; the zero kind is none.
type kind uint8

const (
	kindVBF kind = iota + 1
	kindLogVBF
	kindVBFLogVBF
	kindPBF
	kindJain
	kindCV
	kindMS
	kindLogMS
	kindOngoing

	kinds = iota // how many there are
)

func (k kind) name() string {
	switch k {
	case kindVBF:
		return "vbf"
	case kindLogVBF:
		return "logvbf"
	case kindVBFLogVBF:
		return "vbf+logvbf"
	case kindPBF:
		return "pbf"
	case kindJain:
		return "jain"
	case kindCV:
		return "cv"
	case kindMS:
		return "ms"
	case kindLogMS:
		return "logms"
	case kindOngoing:
		return "ongoing"
	}
	panic(errZero)
}

// Reward is one reward function, made by New. It is a value without state and
// may be used by several goroutines at once. The zero Reward is invalid: its
// methods panic.
type Reward struct {
	kind kind
}

// New returns the reward of that name, in any case: one of Names, or "g",
// which is RLB-SAC's name of "pbf". It fails with ErrUnknown.
func New(name string) (Reward, error) {
	lower := strings.ToLower(name)
	if lower == "g" {
		return Reward{kindPBF}, nil
	}
	for k := kind(1); k <= kinds; k++ {
		if k.name() == lower {
			return Reward{k}, nil
		}
	}
	return Reward{}, fmt.Errorf("%w %q (want one of %s, or g for pbf)", ErrUnknown, name, strings.Join(Names(), ", "))
}

// Names lists the rewards, in a fixed order, without the alias "g".
func Names() []string {
	names := make([]string, 0, kinds)
	for k := kind(1); k <= kinds; k++ {
		names = append(names, k.name())
	}
	return names
}

// Name returns the reward's name, as in Names.
func (r Reward) Name() string { return r.kind.name() }

// Additive reports whether the reward is a sum of one term per server, so
// that a critic can learn one value per server from ByServer.
func (r Reward) Additive() bool {
	switch r.kind {
	case 0:
		panic(errZero)
	case kindVBF, kindOngoing:
		return true
	}
	return false
}

// Of returns the reward of an LB whose loads are load[j] = l_j, in s, and
// whose own ongoing requests are ongoing[j] = q_j. Only the reward "ongoing"
// reads ongoing, and it reads nothing else, so the other may be nil.
func (r Reward) Of(load, ongoing []float64) float64 {
	switch r.kind {
	case kindVBF:
		return VBF(load)
	case kindLogVBF:
		return LogVBF(load)
	case kindVBFLogVBF:
		return VBF(load) + LogVBF(load)
	case kindPBF:
		return PBF(load)
	case kindJain:
		return Jain(load)
	case kindCV:
		return CV(load)
	case kindMS:
		return MS(load)
	case kindLogMS:
		return LogMS(load)
	case kindOngoing:
		return Ongoing(ongoing)
	}
	panic(errZero)
}

// ByServer writes to dst[j] the part of the reward that is server j's and
// returns the whole, as Of does. The parts sum to it, up to rounding:
//
//	vbf:      -(l_j - mean l)^2 / N
//	ongoing:  -q_j
//	others:   the whole, divided equally over the servers
//
// dst has one entry per server; ByServer panics where it has not. dst may be
// what is read.
func (r Reward) ByServer(dst, load, ongoing []float64) float64 {
	whole := r.Of(load, ongoing)
	read := load
	if r.kind == kindOngoing {
		read = ongoing
	}
	if len(dst) != len(read) {
		panic(errShape)
	}
	n := float64(len(dst))
	switch r.kind {
	case kindVBF:
		m := mean(load)
		for j, x := range load {
			d := clean(x) - m
			dst[j] = 0 - d*d/n
		}
	case kindOngoing:
		for j, q := range ongoing {
			dst[j] = 0 - clean(q)
		}
	default:
		for j := range dst {
			dst[j] = whole / n
		}
	}
	return whole
}
