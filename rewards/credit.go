package rewards

import "slices"

// Credit names how a reward is divided over the servers (Reward.ByServer). The
// parts always sum to the reward, so that agents that maximise their sum maximise
// the same thing. What differs is how much a server's part depends on the other
// servers, and so how well a critic of that server can tell what its own actions did.
// Additive divides some rewards by server and others not, so that rewards are to be
// compared under Server, or under Whole.
type Credit string

// The credits.
const (
	// Additive gives a server its own term of a reward that is a sum of one term
	// per server (vbf and ongoing), and an equal part of the whole of any other
	// reward.
	Additive Credit = "additive"
	// Server gives a server what it contributed to the reward. PBF alone has no such
	// parts (Reward.Divisible).
	Server Credit = "server"
	// Whole gives a server an equal part of the whole, whatever the reward.
	Whole Credit = "whole"
)

// Credits lists the credits, in the order in which they are shown.
func Credits() []Credit { return []Credit{Additive, Server, Whole} }

// stackServers is the number of servers up to which the parts of a reward are
// computed without allocating.
const stackServers = 128

// varianceParts writes each server's part, to first order, of a reward f(v) of the
// variance v = sum_j p_j of the loads l, where p_j = (l_j - mean l)^2 / N and the
// mean is given:
//
//	f/N + f'(v) (p_j - v/N),
//
// an equal part of the whole and, by how much it is above the mean server's, the
// server's marginal contribution p_j df/dp_j. Where f is linear this is exact: of
// VBF it is -p_j. Elsewhere it is an approximation, for what one server's deviation
// costs depends on the others' too. whole is f, slope is v f'(v). dst may be l.
func varianceParts(dst, l []float64, whole, slope float64) {
	n, m, top := float64(len(l)), mean(l), largest(l)
	squares := 0.0
	for _, x := range l { // relative to the largest, so that no square vanishes
		if top > 0 {
			d := (clean(x) - m) / top
			squares += d * d
		}
	}
	for j, x := range l {
		share := 1 / n // of the variance
		if squares > 0 {
			d := (clean(x) - m) / top
			share = d * d / squares
		}
		dst[j] = whole/n + slope*(share-1/n)
	}
}

// largestParts writes each server's Shapley value of a reward g(max_j l_j): the mean,
// over all orders in which servers can be added, of what a server changes when it is
// added. The reward of no servers, g(0), is divided equally. The values have a closed
// form, that of the airport game (Littlechild and Owen 1973, "A Simple Expression for
// the Shapley Value in a Special Case"): with loads in rising order, the step from a
// load to the next is shared by all servers that hold the next or more. dst may be l.
func largestParts(dst, l []float64, g func(load float64) float64) {
	var room, sums [stackServers]float64
	rising := room[:0]
	for _, x := range l {
		rising = append(rising, clean(x))
	}
	slices.Sort(rising)
	parts := sums[:0] // of the loads in rising order
	below, part := g(0), g(0)/float64(len(l))
	for k, x := range rising {
		part += (g(x) - below) / float64(len(l)-k)
		below = g(x)
		parts = append(parts, part)
	}
	for j, x := range l {
		k, _ := slices.BinarySearch(rising, clean(x))
		dst[j] = parts[k]
	}
}

// vbfSlope is v f'(v) of VBF.
func vbfSlope(l []float64) float64 { return 0 - variance(l) }

// logVBFSlope is v f'(v) of logVBF.
func logVBFSlope(l []float64) float64 {
	v := variance(l)
	return 0 - v/(v+VarEpsilon)
}

// jainParts writes the parts of Jain's index, which is 1 / (1 + v/m^2) of the mean m.
func jainParts(dst, l []float64) {
	jain := Jain(l)
	varianceParts(dst, l, jain, jain*(jain-1))
}

// cvParts writes the parts of CV, which is -sqrt(v)/m.
func cvParts(dst, l []float64) {
	cv := CV(l)
	varianceParts(dst, l, cv, cv/2)
}

// logVBFParts writes the parts of logVBF.
func logVBFParts(dst, l []float64) { varianceParts(dst, l, LogVBF(l), logVBFSlope(l)) }

// bothVBFParts writes the parts of VBF+logVBF: the sums of the two's.
func bothVBFParts(dst, l []float64) {
	varianceParts(dst, l, VBF(l)+LogVBF(l), vbfSlope(l)+logVBFSlope(l))
}

// msParts writes the parts of MS.
func msParts(dst, l []float64) {
	largestParts(dst, l, func(load float64) float64 { return 0 - load })
}

// logMSParts writes the parts of logMS.
func logMSParts(dst, l []float64) {
	largestParts(dst, l, func(load float64) float64 { return LogMS([]float64{load}) })
}
