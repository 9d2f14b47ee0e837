package rewards

// Covariance of two load vectors over the servers, in s^2:
//
//	cov_j(a_j, b_j) = 1/N sum_j (a_j - mean a)(b_j - mean b)
//
// It panics where the vectors differ in length.
func Covariance(a, b []float64) float64 {
	if len(a) != len(b) {
		panic(errShape)
	}
	if len(a) == 0 {
		return 0
	}
	ma, mb := mean(a), mean(b)
	sum := 0.0
	for j := range a {
		sum += (clean(a[j]) - ma) * (clean(b[j]) - mb)
	}
	return sum / float64(len(a))
}

// SplitVBF takes the VBF of the whole pool, l_j = own_j + others_j, apart by
// the mended Lemma 11:
//
//	F(l) = F_i(own) + F_-i(others) - 2 cov_j(own_j, others_j)
//
// It returns the three quantities on the right, in s^2. The printed lemma has
// no covariance term.
func SplitVBF(own, others []float64) (fairOwn, fairOthers, cov float64) {
	return VBF(own), VBF(others), Covariance(own, others)
}

// PotentialGap is by how much VBF fails to be an exact potential when LB i
// moves its load from before to after while the others' load stays, in s^2:
//
//	[F_i(after) - F_i(before)] - [F(after + others) - F(before + others)]
//	  = 2 cov_j(after_j - before_j, others_j)
//
// It is 0 where the deviation leaves the covariance alone. The largest
// magnitude over the deviations of a game is the epsilon of Lemma 15.
func PotentialGap(before, after, others []float64) float64 {
	return 2 * (Covariance(after, others) - Covariance(before, others))
}
