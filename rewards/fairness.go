package rewards

import "math"

const (
	// MaxLoad is the largest load that a reward tells apart, in s. Its square
	// fits in a float32 with room for a sum over servers.
	MaxLoad = 1e15

	// VarEpsilon, in s^2, keeps logVBF finite: differences between loads of
	// less than a millisecond are taken for noise.
	VarEpsilon = 1e-6

	// LoadEpsilon, in s, keeps logMS finite in the same way.
	LoadEpsilon = 1e-3
)

// clean returns a load, or a count, as the rewards read it: within [0, MaxLoad].
func clean(x float64) float64 {
	switch {
	case !(x > 0): // NaN too
		return 0
	case x > MaxLoad:
		return MaxLoad
	}
	return x
}

// mean of the loads l; 0 for none. It is exact where all loads are equal.
func mean(l []float64) float64 {
	if len(l) == 0 {
		return 0
	}
	first, sum := clean(l[0]), 0.0
	for _, x := range l {
		sum += clean(x) - first
	}
	return first + sum/float64(len(l))
}

// largest returns the largest of the loads l; 0 for none.
func largest(l []float64) float64 {
	top := 0.0
	for _, x := range l {
		top = max(top, clean(x))
	}
	return top
}

// variance of the loads l over the servers, in s^2; 0 for none.
func variance(l []float64) float64 {
	if len(l) == 0 {
		return 0
	}
	m, sum := mean(l), 0.0
	for _, x := range l {
		sum += (clean(x) - m) * (clean(x) - m)
	}
	return sum / float64(len(l))
}

// VBF is the variance-based fairness (Def. 2, eq. 11), in s^2:
//
//	VBF(l) = -1/N sum_j (l_j - mean l)^2
//
// It is at most 0, and 0 only where all loads are equal.
func VBF(l []float64) float64 {
	return 0 - variance(l)
}

// vbfParts writes to dst[j] what server j adds to VBF: -(l_j - mean l)^2 / N.
func vbfParts(dst, l []float64) {
	m, n := mean(l), float64(len(l))
	for j, x := range l {
		d := clean(x) - m
		dst[j] = 0 - d*d/n
	}
}

// LogVBF is the logarithmic form (section E.2.1), which still tells small
// variances apart:
//
//	logVBF(l) = -log(var l + VarEpsilon),  var l = -VBF(l)
func LogVBF(l []float64) float64 {
	return -math.Log(variance(l) + VarEpsilon)
}

// PBF is the product-based fairness, which RLB-SAC calls G, in a form free of
// scale:
//
//	PBF(l) = prod_j (l_j / max_k l_k)
//
// It lies in [0, 1], and is 1 only where all loads are equal. As printed (Prop.
// 13) it is divided by the largest load once, so that more load is fairer
// (results/published/ERRATA.md).
func PBF(l []float64) float64 {
	top := largest(l)
	if top == 0 {
		return 1
	}
	product := 1.0
	for _, x := range l {
		product *= clean(x) / top
	}
	return product
}

// Jain is Jain's fairness index:
//
//	Jain(l) = (sum_j l_j)^2 / (N sum_j l_j^2)
//
// It lies in [1/N, 1], and is 1 only where all loads are equal.
func Jain(l []float64) float64 {
	top := largest(l)
	if top == 0 {
		return 1
	}
	sum, squares := 0.0, 0.0
	for _, x := range l { // relative to the largest, so that no square vanishes
		r := clean(x) / top
		sum += r
		squares += r * r
	}
	return min(1, sum*sum/(float64(len(l))*squares))
}

// CV is the coefficient of variation, negated:
//
//	CV(l) = -sqrt(var l) / mean l
//
// It lies in [-sqrt(N-1), 0], and is 0 only where all loads are equal.
func CV(l []float64) float64 {
	top := largest(l)
	if top == 0 {
		return 0
	}
	n, sum := float64(len(l)), 0.0
	for _, x := range l { // relative to the largest, so that no square vanishes
		sum += clean(x) / top
	}
	m, squares := sum/n, 0.0
	for _, x := range l {
		d := clean(x)/top - m
		squares += d * d
	}
	return 0 - math.Sqrt(squares/n)/m
}

// MS is the makespan, negated, in s: MS(l) = -max_j l_j.
func MS(l []float64) float64 {
	return 0 - largest(l)
}

// LogMS is the logarithmic form of MS: logMS(l) = -log(max_j l_j + LoadEpsilon).
func LogMS(l []float64) float64 {
	return -math.Log(largest(l) + LoadEpsilon)
}

// Ongoing is the number of ongoing requests, negated: -sum_j q_j. By Little's
// law its mean is, up to the sign, the arrival rate times the mean completion
// time.
func Ongoing(q []float64) float64 {
	sum := 0.0
	for _, x := range q {
		sum += clean(x)
	}
	return 0 - sum
}

// ongoingParts writes to dst[j] what server j adds to Ongoing: -q_j.
func ongoingParts(dst, q []float64) {
	for j, x := range q {
		dst[j] = 0 - clean(x)
	}
}
