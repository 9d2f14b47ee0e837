package workload

import "math"

// countWindows counts requests in windows of equal length from the first request
// on, and keeps the sums of the powers of these counts, so that any number of
// windows without requests costs nothing. The current window does not count until
// it is over.
type countWindows struct {
	length    float64 // s
	current   float64 // the number of the current window
	inCurrent float64 // the requests in it so far

	// Of the counts of the windows that are over: how many there are, the sums
	// of their first three powers, and the largest.
	n, sum, squares, cubes, largest float64
}

// add counts a request that came the given time (s) after the first.
func (w *countWindows) add(elapsed float64) {
	if k := math.Floor(elapsed / w.length); k > w.current {
		x := w.inCurrent
		w.n += k - w.current
		w.sum += x
		w.squares += x * x
		w.cubes += x * x * x
		w.largest = max(w.largest, x)
		w.current, w.inCurrent = k, 0
	}
	w.inCurrent++
}

// mean is the mean count.
func (w *countWindows) mean() float64 { return w.sum / max(w.n, 1) }

// variance is the sample variance of the counts, 0 for fewer than two windows.
func (w *countWindows) variance() float64 {
	if w.n < 2 {
		return 0
	}
	return max(0, (w.squares-w.sum*w.mean())/(w.n-1))
}

// third is the third central moment of the counts.
func (w *countWindows) third() float64 {
	m := w.mean()
	return w.cubes/max(w.n, 1) - 3*m*w.squares/max(w.n, 1) + 2*m*m*m
}

// dispersion is the index of dispersion of the counts, variance over mean: 1
// for a Poisson process, 0 where nothing was counted.
func (w *countWindows) dispersion() float64 {
	if w.sum == 0 {
		return 0
	}
	return w.variance() / w.mean()
}
