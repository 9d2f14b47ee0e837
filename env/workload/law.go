package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Law is the distribution of a service demand (s).
type Law struct {
	kind  lawKind
	mean  float64
	a, b  float64 // parameters of the kind, derived from the mean and the cv
	share float64 // of the hyperexponential's first phase; of pareto, see NewPareto

	values []float64     // s, of an empirical law
	parts  []mixturePart // of a mixture
}

type lawKind uint8

const (
	deterministic lawKind = iota
	exponential
	logNormal
	hyperexponential
	pareto
	empirical
	mixture
)

// LawNames lists the laws: those of NewLaw, then pareto (NewPareto), mixture
// (NewMixture) and trace (TraceLaw).
func LawNames() []string {
	return []string{"exponential", "deterministic", "log-normal", "hyperexponential", "pareto", "mixture", "trace"}
}

// maxMean is the longest mean demand, in s.
const maxMean = 1e6

// NewLaw returns the distribution of the given name and mean (s, in [0, 1e6]). cv
// is the coefficient of variation of the log-normal (above 0) and of the
// hyperexponential (at least 1; two phases with balanced means). It must be 0 for
// the other laws, which have no free one.
func NewLaw(name string, mean, cv float64) (Law, error) {
	if !slices.Contains(LawNames(), name) {
		return Law{}, fmt.Errorf("unknown law %q (known: %s)", name, strings.Join(LawNames(), ", "))
	}
	if !(mean >= 0 && mean <= maxMean) {
		return Law{}, fmt.Errorf("mean %g: must be in [0, %g]", mean, maxMean)
	}
	l := Law{mean: mean}
	switch name {
	case "deterministic", "exponential":
		if cv != 0 {
			return Law{}, fmt.Errorf("cv %g: a demand of law %s has none to set", cv, name)
		}
		if name == "exponential" {
			l.kind = exponential
		}
	case "log-normal":
		if !(cv > 0 && cv <= 100) {
			return Law{}, fmt.Errorf("cv %g: must be in (0, 100] for law log-normal", cv)
		}
		l.kind = logNormal
		l.b = math.Sqrt(math.Log1p(cv * cv))
		l.a = -l.b * l.b / 2
	case "hyperexponential":
		if !(cv >= 1 && cv <= 100) {
			return Law{}, fmt.Errorf("cv %g: must be in [1, 100] for law hyperexponential", cv)
		}
		l.kind = hyperexponential
		l.share = (1 + math.Sqrt((cv*cv-1)/(cv*cv+1))) / 2
		l.a = mean / (2 * l.share)
		l.b = mean / (2 * (1 - l.share))
	default:
		return Law{}, fmt.Errorf("law %s is not made from a mean and a cv", name)
	}
	return l, nil
}

// Mean returns the mean demand (s).
func (l *Law) Mean() float64 { return l.mean }

// Draw returns one demand (s).
func (l *Law) Draw(rng *rand.Rand) float64 {
	switch l.kind {
	case exponential:
		return l.mean * rng.ExpFloat64()
	case logNormal:
		return l.mean * math.Exp(l.a+l.b*rng.NormFloat64())
	case hyperexponential:
		if rng.Float64() < l.share {
			return l.a * rng.ExpFloat64()
		}
		return l.b * rng.ExpFloat64()
	case pareto:
		return l.a * math.Pow(1-rng.Float64()*l.share, l.b)
	case mixture:
		u, k := rng.Float64(), 0
		for k < len(l.parts)-1 && u >= l.parts[k].share {
			u -= l.parts[k].share
			k++
		}
		p := &l.parts[k]
		return l.mean * math.Exp(p.a+p.b*rng.NormFloat64())
	case empirical:
		return l.values[rng.IntN(len(l.values))]
	default:
		return l.mean
	}
}
