package eval

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Sample is what is known of a sample that is only summed up, such as a printed value.
type Sample struct {
	Mean, SD float64 // SD is the sample standard deviation
	N        int     // values, at least 2
}

// Welch returns the statistic and the degrees of freedom of Welch's test that two
// independent samples have one mean, whatever their variances are (Welch 1947, "The
// generalization of Student's problem when several different population variances are
// involved"). Without any variance t is infinite, or 0 of equal means.
func Welch(a, b Sample) (t, degrees float64) {
	va, vb := a.SD*a.SD/float64(a.N), b.SD*b.SD/float64(b.N)
	difference := a.Mean - b.Mean
	if va+vb == 0 {
		if difference == 0 {
			return 0, float64(a.N + b.N - 2)
		}
		return math.Inf(int(math.Copysign(1, difference))), float64(a.N + b.N - 2)
	}
	degrees = (va + vb) * (va + vb) / (va*va/float64(a.N-1) + vb*vb/float64(b.N-1))
	return difference / math.Sqrt(va+vb), degrees
}

// Differ says whether the means of two independent samples differ significantly, by
// Welch's test, two-sided, at the level 1 - Confidence.
func Differ(a, b Sample) bool {
	t, degrees := Welch(a, b)
	return math.Abs(t) > distuv.StudentsT{Mu: 0, Sigma: 1, Nu: degrees}.Quantile((1+Confidence)/2)
}
