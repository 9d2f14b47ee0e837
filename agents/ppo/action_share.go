package ppo

import "gonum.org/v1/gonum/mat"

// adjustedR2 returns the part of the variance of y [T] that a linear function of
// the rows x [T,columns] explains, less what it would explain by chance (the
// adjusted R^2 of a least-squares fit): where it explains nothing it is a little
// above or below 0, and 0 on average. It is 0 if there are too few rows to tell.
func adjustedR2(y []float64, x []float64, columns int) float64 {
	rows := len(y)
	left := rows - columns - 1 // degrees of freedom
	if left < 1 {
		return 0
	}
	mean, total := 0.0, 0.0
	for _, v := range y {
		mean += v / float64(rows)
	}
	a, b := mat.NewDense(rows, columns+1, nil), mat.NewVecDense(rows, nil)
	for i, v := range y {
		a.Set(i, 0, 1)
		for k := range columns {
			a.Set(i, k+1, x[i*columns+k])
		}
		b.SetVec(i, v-mean)
		total += (v - mean) * (v - mean)
	}
	var svd mat.SVD // actions may be collinear: levels that were never drawn, say
	if total == 0 || !svd.Factorize(a, mat.SVDThin) {
		return 0
	}
	var w mat.VecDense
	svd.SolveVecTo(&w, b, svd.Rank(1e-9))
	rest := mat.NewVecDense(rows, nil)
	rest.MulVec(a, &w)
	rest.SubVec(b, rest)
	unexplained := mat.Dot(rest, rest) / float64(left) / (total / float64(rows-1))
	return 1 - unexplained
}
