package normalise

import (
	"math"

	"fairlb/env/snapshot"
	"fairlb/replay"
)

// Rewards normalises C streams of rewards: one for each server, say, or the
// team's alone. With gamma the discount per step, a reward r of stream c becomes
//
//	(r - mean_c) (1 - gamma) / sd
//
// which makes discounted returns of order one. Each stream is centred by its own
// mean, but all are divided by the same standard deviation, that of all streams
// about their means: how much a server counts in the sum must not depend on how
// much its own rewards vary. Where rewards are constant sd counts as 1. A new
// one leaves rewards as they are.
type Rewards struct {
	// DivideEach says how FitTo rounds: whether each squared deviation is divided
	// by their number before it is added, or their sum is. The variance is the
	// same but for its last bits, on which the bits of every recorded training
	// run depend; QMIX divides each, soft actor-critic the sum.
	DivideEach bool

	gamma float64
	mean  []float64 // [C]
	scale float64   // (1 - gamma) / sd

	rows    float64   // rows that have been added
	squares []float64 // [C]: their summed squared deviations from mean
}

// NewRewards returns a normaliser of rows of columns rewards, one per stream,
// whose returns are discounted by gamma a step.
func NewRewards(columns int, gamma float64) *Rewards {
	return &Rewards{gamma: gamma, mean: make([]float64, columns), squares: make([]float64, columns), scale: 1}
}

// FitTo takes the statistics of the rows of rewards [C] that row gives for the
// steps t of a buffer's episodes. The buffer holds at least one step.
func (w *Rewards) FitTo(buffer *replay.Buffer, row func(ep *replay.Episode, t int) []float32) {
	each := func(visit func(column int, r float64)) {
		for i := range buffer.Len() {
			ep := buffer.Episode(i)
			for t := range ep.Steps {
				for c, r := range row(ep, t) {
					visit(c, float64(r))
				}
			}
		}
	}
	count := float64(buffer.Transitions())
	clear(w.mean)
	each(func(c int, r float64) { w.mean[c] += r / count })
	term, total := 1.0, count*float64(len(w.mean)) // a division by 1 is exact
	if w.DivideEach {
		term, total = total, term
	}
	variance := 0.0
	each(func(c int, r float64) { variance += (r - w.mean[c]) * (r - w.mean[c]) / term })
	w.setScale(math.Sqrt(variance / total))
}

// Add takes in one row of rewards [C], for the next Fit (Welford 1962, "Note on
// a Method for Calculating Corrected Sums of Squares and Products").
func (w *Rewards) Add(row []float32) {
	w.rows++
	for c, r := range row {
		d := float64(r) - w.mean[c]
		w.mean[c] += d / w.rows
		w.squares[c] += d * (float64(r) - w.mean[c])
	}
}

// Fit makes the statistics those of all rows that have been added.
func (w *Rewards) Fit() {
	sum := 0.0
	for _, s := range w.squares {
		sum += s
	}
	w.setScale(math.Sqrt(sum / (w.rows * float64(len(w.squares)))))
}

func (w *Rewards) setScale(sd float64) {
	w.scale = 1 - w.gamma
	if sd > 0 {
		w.scale /= sd
	}
}

// Apply writes the normalised rows of rewards src [rows,C] to dst, which may be
// src.
func (w *Rewards) Apply(dst, src []float32) {
	n := len(w.mean)
	for i, r := range src {
		dst[i] = float32((float64(r) - w.mean[i%n]) * w.scale)
	}
}

// ApplySums is Apply for rows of which each is a discounted sum over several
// steps. span [rows] holds the sums of the discounts, 1 for a single step: so
// many means are taken from a sum.
func (w *Rewards) ApplySums(dst, src, span []float32) {
	n := len(w.mean)
	for i, r := range src {
		dst[i] = float32((float64(r) - float64(span[i/n])*w.mean[i%n]) * w.scale)
	}
}

// ApplyColumns writes count columns of the rows src [rows,C], from column first
// on, normalised to dst [rows,count].
func (w *Rewards) ApplyColumns(dst, src []float32, first, count int) {
	for r := 0; r*count < len(dst); r++ {
		for j, v := range src[r*len(w.mean)+first:][:count] {
			dst[r*count+j] = float32((float64(v) - w.mean[first+j]) * w.scale)
		}
	}
}

// State implements snapshot.Stater: what has been added. Of rewards that were
// fitted to a buffer there is nothing to save, as every round fits them anew.
func (w *Rewards) State(c *snapshot.Codec) {
	c.Float64(&w.rows)
	c.Float64s(w.mean)
	c.Float64s(w.squares)
}
