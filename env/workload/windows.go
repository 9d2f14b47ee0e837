package workload

import "math"

// windows counts requests in windows of equal length from the first request
// on, and keeps the sums of the counts' powers: windows without requests, of
// which there may be endlessly many, cost nothing. The window that is not over
// yet does not count.
type windows struct {
	length float64 // s
	index  float64 // of the window that is not over
	inside float64 // its requests

	n, sum, squares, cubes, most float64
}

// add counts a request at so many s after the first.
func (w *windows) add(at float64) {
	if k := math.Floor(at / w.length); k > w.index {
		x := w.inside
		w.n += k - w.index
		w.sum += x
		w.squares += x * x
		w.cubes += x * x * x
		w.most = max(w.most, x)
		w.index, w.inside = k, 0
	}
	w.inside++
}

// mean is the mean count.
func (w *windows) mean() float64 { return w.sum / max(w.n, 1) }

// variance is the sample variance, 0 for fewer than two windows.
func (w *windows) variance() float64 {
	if w.n < 2 {
		return 0
	}
	return max(0, (w.squares-w.sum*w.mean())/(w.n-1))
}

// third is the third central moment.
func (w *windows) third() float64 {
	m := w.mean()
	return w.cubes/max(w.n, 1) - 3*m*w.squares/max(w.n, 1) + 2*m*m*m
}

// dispersion is the index of dispersion of the counts, variance over mean: 1
// for a Poisson process, 0 where nothing was counted.
func (w *windows) dispersion() float64 {
	if w.sum == 0 {
		return 0
	}
	return w.variance() / w.mean()
}
