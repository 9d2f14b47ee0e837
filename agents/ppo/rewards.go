package ppo

import "math"

// rewards normalises rewards by the statistics of all that has been seen: each
// server's are centred by its own mean and divided by one standard deviation,
// that of all servers together.
type rewards struct {
	count  float64
	mean   []float64 // [N]
	square []float64 // [N], summed squared deviations (Welford 1962)
}

func newRewards(servers int) rewards {
	return rewards{mean: make([]float64, servers), square: make([]float64, servers)}
}

// add takes the rewards of one step [N].
func (w *rewards) add(r []float32) {
	w.count++
	for j, v := range r {
		d := float64(v) - w.mean[j]
		w.mean[j] += d / w.count
		w.square[j] += d * (float64(v) - w.mean[j])
	}
}

// apply normalises the rewards of one step [N] to standard deviation scale.
func (w *rewards) apply(r []float32, scale float64) {
	sum := 0.0
	for _, s := range w.square {
		sum += s
	}
	if sd := math.Sqrt(sum / (w.count * float64(len(r)))); sd > 0 { // else: nothing to scale
		scale /= sd
	}
	for j, v := range r {
		r[j] = float32((float64(v) - w.mean[j]) * scale)
	}
}
