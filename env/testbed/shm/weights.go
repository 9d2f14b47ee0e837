package shm

import (
	"fmt"
	"math"
)

// weights is what a weights frame holds. Row j is of slot j.
type weights struct {
	time  uint64 // ns
	epoch uint64 // of who wrote them
	rows  []weight
}

// weight is that of the server of a slot's generation; generation 0 is for a slot that
// had no server. By the generation the plane does not give a server the weight that was
// meant for one that had the slot before.
type weight struct {
	generation uint64
	value      float64
}

// encodeWeights writes w to the beginning of dst, which has room for a frame, and
// returns the words that it uses.
func (l *layout) encodeWeights(dst []byte, w *weights) []byte {
	used := dst[:(stampWords+len(w.rows)*weightWords)*wordBytes]
	putWord(used, timeWord, w.time)
	putWord(used, epochWord, w.epoch)
	putWord(used, rowsWord, uint64(len(w.rows)))
	for j, r := range w.rows {
		putWord(used, stampWords+weightWords*j, r.generation)
		putWord(used, stampWords+weightWords*j+1, math.Float64bits(r.value))
	}
	return used
}

// decodeWeights reads weights into w, whose memory it reuses. An error leaves w as
// nothing to rely on.
func (l *layout) decodeWeights(w *weights, data []byte) error {
	if len(data) < stampWords*wordBytes {
		return fmt.Errorf("%w: weights of %d bytes", ErrCorrupt, len(data))
	}
	n := word(data, rowsWord)
	if n > uint64(l.Slots) || len(data) != (stampWords+int(n)*weightWords)*wordBytes {
		return fmt.Errorf("%w: %d weights in %d bytes, of %d slots", ErrCorrupt, n, len(data), l.Slots)
	}
	w.time, w.epoch = word(data, timeWord), word(data, epochWord)
	if cap(w.rows) < int(n) {
		w.rows = make([]weight, l.Slots)
	}
	w.rows = w.rows[:n]
	for j := range w.rows {
		r := weight{word(data, stampWords+weightWords*j), math.Float64frombits(word(data, stampWords+weightWords*j+1))}
		if r.generation != 0 && !isWeight(r.value) {
			return fmt.Errorf("%w: the weight %g of slot %d", ErrCorrupt, r.value, j)
		}
		w.rows[j] = r
	}
	return nil
}

// isWeight says whether x can be a weight.
func isWeight(x float64) bool { return x > 0 && !math.IsInf(x, 1) }
