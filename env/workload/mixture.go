package workload

import (
	"fmt"
	"math"
)

// MaxParts is the largest number of parts of a mixture.
const MaxParts = 64

// Part is one of the laws that a mixture is made of: log-normal, or deterministic
// if it has no spread.
type Part struct {
	Share float64 // the chance of the part; shares sum to 1
	Mean  float64 // relative to the means of the other parts
	CV    float64 // coefficient of variation, in [0, 100]; 0: deterministic
}

// MixtureError says what is wrong with a mixture.
type MixtureError struct {
	Field string // mean, parts or, of one of them, such as parts[1].cv
	Value any    // nil: it is said in the rule
	Rule  string
}

// Error implements error.
func (e *MixtureError) Error() string {
	if e.Value == nil {
		return e.Field + ": " + e.Rule
	}
	return fmt.Sprintf("%s = %v: %s", e.Field, e.Value, e.Rule)
}

// mixturePart is a Part that draws exp(a + b z), z standard normal.
type mixturePart struct{ share, a, b float64 }

// NewMixture returns the law that draws from one of its parts, by their shares. The
// parts' means are scaled so that the mean of all is the given one (s, in [0, 1e6]).
// What is wrong is a *MixtureError.
func NewMixture(mean float64, parts []Part) (Law, error) {
	if !(mean >= 0 && mean <= maxMean) {
		return Law{}, &MixtureError{"mean", mean, fmt.Sprintf("must be in [0, %g]", maxMean)}
	}
	if len(parts) < 2 || len(parts) > MaxParts {
		return Law{}, &MixtureError{"parts", nil, fmt.Sprintf("are %d: law mixture must have 2 to %d", len(parts), MaxParts)}
	}
	l := Law{kind: mixture, mean: mean}
	shares, relative := 0.0, 0.0
	for k, p := range parts {
		part := func(field string) string { return fmt.Sprintf("parts[%d].%s", k, field) }
		switch {
		case !(p.Share > 0 && p.Share <= 1):
			return Law{}, &MixtureError{part("share"), p.Share, "must be in (0, 1]"}
		case !(p.Mean > 0 && p.Mean <= 1e12):
			return Law{}, &MixtureError{part("mean"), p.Mean, "must be in (0, 1e12], relative to the other parts"}
		case !(p.CV >= 0 && p.CV <= 100):
			return Law{}, &MixtureError{part("cv"), p.CV, "must be in [0, 100]"}
		}
		shares += p.Share
		relative += p.Share * p.Mean
	}
	if math.Abs(shares-1) > 1e-6 {
		return Law{}, &MixtureError{"parts", nil, fmt.Sprintf("their shares sum to %g: must sum to 1", shares)}
	}
	for _, p := range parts {
		b := math.Sqrt(math.Log1p(p.CV * p.CV))
		l.parts = append(l.parts, mixturePart{p.Share, math.Log(p.Mean/relative) - b*b/2, b})
	}
	return l, nil
}

// MixtureFit is a mixture of two log-normal laws that is nearer to the n of a class
// than any single law.
type MixtureFit struct {
	Parts []Part  // their means in units of n
	KS    float64 // the Kolmogorov-Smirnov distance between the values and the mixture
}

// Bounds of a mixture that a fit proposes: it is for values that no single law is
// near to, not for the last hundredth.
const (
	farKS    = 0.05 // a single law nearer than this is left alone
	nearerBy = 0.5  // the mixture's distance must be at most this part of the single law's
)

// fitMixture returns the most likely mixture of two log-normal laws, of sorted positive
// values whose mean in the trace is given, by expectation maximisation over their
// logarithms (Dempster, Laird and Rubin 1977) from five beginnings; and the
// logarithm of its likelihood. It is nil if there is none.
func fitMixture(values []float64, mean float64) (*MixtureFit, float64) {
	logs := make([]float64, len(values))
	for i, x := range values {
		logs[i] = math.Log(x)
	}
	best, most := twoNormals{}, math.Inf(-1)
	for _, part := range []float64{0.1, 0.25, 0.5, 0.75, 0.9} {
		cut := int(part * float64(len(logs)))
		if cut < 2 || len(logs)-cut < 2 {
			continue
		}
		if m, likelihood := fitTwoNormals(logs, cut); likelihood > most {
			best, most = m, likelihood
		}
	}
	if math.IsInf(most, -1) || math.IsNaN(most) {
		return nil, most
	}
	f := &MixtureFit{}
	total := 0.0
	for k := range best.share {
		variance := best.variance[k]
		part := Part{Share: best.share[k], Mean: math.Exp(best.mean[k] + variance/2), CV: math.Sqrt(math.Expm1(variance))}
		if !(part.Share > 1e-4 && part.Mean > 0 && part.CV <= 100) {
			return nil, most
		}
		total += part.Share * part.Mean
		f.Parts = append(f.Parts, part)
	}
	for k := range f.Parts {
		f.Parts[k].Mean *= mean / total
	}
	f.KS = distance(values, func(x float64) float64 {
		sum := 0.0
		for k, p := range f.Parts {
			middle := math.Log(p.Mean) - best.variance[k]/2
			sum += p.Share * math.Erfc((middle-math.Log(x))/math.Sqrt(2*best.variance[k])) / 2
		}
		return sum
	})
	return f, most - sumOf(logs)
}

// twoNormals is a mixture of two normal laws.
type twoNormals struct{ share, mean, variance [2]float64 }

// leastVariance keeps a part from shrinking to a single value.
const leastVariance = 1e-6

// fitTwoNormals fits two normal laws to sorted values, beginning with those below the
// given index and those from it on.
func fitTwoNormals(values []float64, cut int) (m twoNormals, likelihood float64) {
	n := float64(len(values))
	for k, list := range [][]float64{values[:cut], values[cut:]} {
		var all moments
		for _, x := range list {
			all.add(x)
		}
		m.share[k], m.mean[k], m.variance[k] = float64(len(list))/n, all.mean, max(leastVariance, all.squares/all.n)
	}
	likelihood = math.Inf(-1)
	for range 300 {
		var weight, sum, squares [2]float64
		var constant [2]float64
		for k := range constant {
			constant[k] = math.Log(m.share[k]) - math.Log(2*math.Pi*m.variance[k])/2
		}
		now := 0.0
		for _, x := range values {
			a := constant[0] - (x-m.mean[0])*(x-m.mean[0])/(2*m.variance[0])
			b := constant[1] - (x-m.mean[1])*(x-m.mean[1])/(2*m.variance[1])
			top := max(a, b)
			a, b = math.Exp(a-top), math.Exp(b-top)
			now += top + math.Log(a+b)
			for k, w := range [2]float64{a / (a + b), b / (a + b)} {
				weight[k] += w
				sum[k] += w * x
				squares[k] += w * (x - m.mean[k]) * (x - m.mean[k])
			}
		}
		for k := range weight {
			if weight[k] < 1 {
				return m, math.Inf(-1)
			}
			mean := sum[k] / weight[k]
			shift := mean - m.mean[k]
			m.share[k], m.mean[k], m.variance[k] = weight[k]/n, mean, max(leastVariance, squares[k]/weight[k]-shift*shift)
		}
		if now-likelihood < 1e-9*n {
			return m, now
		}
		likelihood = now
	}
	return m, likelihood
}

func sumOf(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum
}
