package frame

import (
	"math"
	"strings"
)

// levels are characters of rising height.
var levels = []rune("▁▂▃▄▅▆▇█")

// level returns the character for a part of the whole; nothing at all is a blank.
func level(part float64) rune {
	if !(part > 0) {
		return ' '
	}
	return levels[min(len(levels)-1, int(part*float64(len(levels))))]
}

// course draws numbers over time in at most so many characters, of which each is the most
// of as many numbers, relative to the most of all.
func course(numbers []int, width int) string {
	if len(numbers) == 0 || width <= 0 {
		return ""
	}
	size := (len(numbers) + width - 1) / width
	var tops []int
	top := 1
	for from := 0; from < len(numbers); from += size {
		most := 0
		for _, x := range numbers[from:min(from+size, len(numbers))] {
			most = max(most, x)
		}
		tops, top = append(tops, most), max(top, most)
	}
	var b strings.Builder
	for _, x := range tops {
		b.WriteRune(level(float64(x) / float64(top)))
	}
	return b.String()
}

// The parts of a bar.
const (
	servedMark  = "█" // as many requests as there are CPUs
	waitingMark = "▒" // those beyond
)

// bar draws a queue as a bar, of which the whole width is the number full.
func bar(queue float64, cpus int, full float64, width int) string {
	cells := func(x float64) int { return min(width, int(math.Ceil(x/full*float64(width)-1e-9))) }
	served := queue
	if cpus > 0 {
		served = min(queue, float64(cpus))
	}
	n := cells(served)
	return strings.Repeat(servedMark, n) + strings.Repeat(waitingMark, cells(queue)-n)
}

// strip draws the queue of each of several servers as one character, in at most so many.
func strip(queues []int, full float64, width int) string {
	var b strings.Builder
	size := (len(queues) + width - 1) / width
	for from := 0; from < len(queues); from += size {
		most := 0
		for _, q := range queues[from:min(from+size, len(queues))] {
			most = max(most, q)
		}
		b.WriteRune(level(float64(most) / full))
	}
	return b.String()
}

// roundUp returns the least of 1, 2, 3 and 5 times a power of ten that is no less than x, and 4 at least.
func roundUp(x float64) float64 {
	for power := 1.0; ; power *= 10 {
		for _, times := range []float64{1, 2, 3, 5} {
			if y := times * power; y >= max(x, 4) {
				return y
			}
		}
	}
}
