package workload

import (
	"math"
	"slices"
)

// maxFitted is the largest number of values that a law is fitted to. Of more values
// it takes every second one, every fourth one, and so on.
const maxFitted = 1 << 15

// LawFit is the law that best describes the n of a class.
type LawFit struct {
	Name   string
	Mean   float64 // the mean of n in the trace, so that the total demand stays the same
	CV     float64 // the parameter of log-normal and hyperexponential
	Shape  float64 // the parameter of pareto
	Max    float64 // the other parameter of pareto: the largest n over the mean, as in the trace
	Values int     // the number of values that it was fitted to; if 0, the law is only a default
	Unit   float64 // the unit in which the values were measured: 1, or 1000 (milliseconds) if all are multiples of that

	// KS is the Kolmogorov-Smirnov distance between the values and the
	// law, from 0 to 1.
	KS float64

	// Mixture is a mixture of two laws that is much nearer, where the values are
	// like no single law, such as those of two kinds of requests; nil if there is none.
	Mixture *MixtureFit
}

// fitLaw returns, among exponential, log-normal, hyperexponential and pareto, the
// law with the largest logarithm of the likelihood minus half the logarithm of the
// number of values for each of its parameters (Schwarz 1978); or deterministic, if
// all values are equal. It sorts the values, and spreads equal ones evenly over the
// unit that they were rounded to.
func fitLaw(values []float64, mean float64) LawFit {
	f := LawFit{Name: "exponential", Mean: mean, Values: len(values)}
	if len(values) == 0 {
		return f
	}
	slices.Sort(values)
	n, high := float64(len(values)), values[len(values)-1]
	f.Unit = 1
	if !slices.ContainsFunc(values, func(x float64) bool { return math.Mod(x, 1000) != 0 }) {
		f.Unit = 1000
	}
	if values[0] == high {
		f.Name = "deterministic"
		return f
	}
	spreadTies(values, f.Unit)
	low := values[0]
	var all, logs moments
	for _, x := range values {
		all.add(x)
		logs.add(math.Log(x))
	}
	best := math.Inf(-1)
	better := func(likelihood, parameters float64) bool {
		score := likelihood - parameters*math.Log(n)/2
		if !(score > best) {
			return false
		}
		best = score
		return true
	}
	better(-n*(math.Log(all.mean)+1), 1)
	if cv := math.Sqrt(math.Expm1(logs.squares / n)); cv > 0 && cv <= 100 {
		likelihood := -n*logs.mean - n/2*(math.Log(2*math.Pi*logs.squares/n)+1)
		if better(likelihood, 2) {
			f.Name, f.CV = "log-normal", cv
		}
	}
	if cv, likelihood := fitHyperexponential(values, all.mean); better(likelihood, 2) {
		f.Name, f.CV = "hyperexponential", cv
	}
	shape, likelihood := fitPareto(low, high, n, logs.mean)
	if most := high / mean; most > 1 && most <= maxOverMean && better(likelihood, 3) {
		f.Name, f.CV, f.Shape, f.Max = "pareto", 0, shape, most
	}
	f.KS = distance(values, f.cdf())
	if f.KS > farKS {
		if m, likelihood := fitMixture(values, mean); m != nil && m.KS <= nearerBy*f.KS && better(likelihood, 5) {
			f.Mixture = m
		}
	}
	return f
}

// spreadTies spreads sorted values that were rounded to the same multiple of unit
// evenly over the interval that is rounded to it; zeros over the half above 0.
func spreadTies(values []float64, unit float64) {
	for i := 0; i < len(values); {
		end := i
		for end < len(values) && values[end] == values[i] {
			end++
		}
		from, to := max(0, values[i]-unit/2), values[i]+unit/2
		for k := i; k < end; k++ {
			values[k] = from + (to-from)*(float64(k-i)+0.5)/float64(end-i)
		}
		i = end
	}
}

// fitHyperexponential returns the coefficient of variation, in [1, 100], of the most
// likely hyperexponential law with balanced means and the given mean, and the
// logarithm of its likelihood, by golden section over the logarithm of the
// coefficient.
func fitHyperexponential(values []float64, mean float64) (cv, likelihood float64) {
	logLikelihood := func(logCV float64) float64 {
		p, a, b := phases(math.Exp(logCV), mean)
		sum := 0.0
		for _, x := range values {
			sum += math.Log(p/a*math.Exp(-x/a) + (1-p)/b*math.Exp(-x/b) + 1e-300)
		}
		return sum
	}
	const golden = 0.6180339887498949
	low, high := 0.0, math.Log(100)
	left, right := high-golden*(high-low), low+golden*(high-low)
	leftLikelihood, rightLikelihood := logLikelihood(left), logLikelihood(right)
	for range 32 {
		if leftLikelihood >= rightLikelihood {
			high, right, rightLikelihood = right, left, leftLikelihood
			left = high - golden*(high-low)
			leftLikelihood = logLikelihood(left)
		} else {
			low, left, leftLikelihood = left, right, rightLikelihood
			right = low + golden*(high-low)
			rightLikelihood = logLikelihood(right)
		}
	}
	return math.Exp((low + high) / 2), max(leftLikelihood, rightLikelihood)
}

// phases returns the share of the first phase, and the means of both.
func phases(cv, mean float64) (p, a, b float64) {
	p = (1 + math.Sqrt((cv*cv-1)/(cv*cv+1))) / 2
	return p, mean / (2 * p), mean / (2 * (1 - p))
}

// fitPareto returns the shape, within the bounds of the law, of the most likely
// Pareto law truncated to [low, high] (Aban, Meerschaert & Panorska 2006), and the
// logarithm of its likelihood. n is the number of values, and logs the mean of their
// logarithms.
func fitPareto(low, high, n, logs float64) (shape, likelihood float64) {
	span, above := math.Log(high/low), logs-math.Log(low)
	from, to := float64(minShape), float64(maxShape)
	for range 100 {
		mid := (from + to) / 2
		// The derivative over n: 1/a - s / (e^(a s) - 1) - mean log(x/L).
		if 1/mid-span/math.Expm1(mid*span) > above {
			from = mid
		} else {
			to = mid
		}
	}
	shape = (from + to) / 2
	return shape, n * (math.Log(shape) - math.Log(-math.Expm1(-shape*span)) + shape*math.Log(low) - (shape+1)*logs)
}

// cdf returns the cumulative distribution function of the law.
func (f *LawFit) cdf() func(x float64) float64 {
	switch f.Name {
	case "log-normal":
		variance := math.Log1p(f.CV * f.CV)
		middle := math.Log(f.Mean) - variance/2
		return func(x float64) float64 { return math.Erfc((middle-math.Log(x))/math.Sqrt(2*variance)) / 2 }
	case "hyperexponential":
		p, a, b := phases(f.CV, f.Mean)
		return func(x float64) float64 { return 1 - p*math.Exp(-x/a) - (1-p)*math.Exp(-x/b) }
	case "pareto":
		law, err := NewPareto(1, f.Shape, f.Max)
		if err != nil {
			return func(float64) float64 { return math.NaN() }
		}
		low := law.a * f.Mean
		return func(x float64) float64 {
			return min(1, max(0, (1-math.Pow(low/x, f.Shape))/law.share))
		}
	}
	return func(x float64) float64 { return -math.Expm1(-x / f.Mean) }
}

// distance is the largest difference between the distribution function of the
// sorted values and that of a law.
func distance(values []float64, cdf func(float64) float64) float64 {
	most, n := 0.0, float64(len(values))
	for i := 0; i < len(values); {
		end := i
		for end < len(values) && values[end] == values[i] {
			end++
		}
		fitted := cdf(values[i])
		most = max(most, math.Abs(fitted-float64(i)/n), math.Abs(fitted-float64(end)/n))
		i = end
	}
	return most
}
