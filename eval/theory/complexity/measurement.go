package complexity

import (
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// ErrIncomplete reports a measurement that lacks something.
var ErrIncomplete = errors.New("complexity: incomplete measurement")

// Sizes are those of a region and of what is in it.
type Sizes struct {
	Samples int // k
	Servers int // N
	Level   int // m
	Slots   int // servers that there is room for
}

// Of returns the value of a parameter.
func (s Sizes) Of(p Parameter) int {
	switch p {
	case Samples:
		return s.Samples
	case Servers:
		return s.Servers
	}
	return s.Level
}

// Base is the sizes from which one parameter at a time is varied: those of a region of
// our load balancer with all its slots in use.
func Base() Sizes { return Sizes{Samples: 128, Servers: 64, Level: 4, Slots: 64} }

// Testbed is the sizes in the testbed at the moderate scale (web-moderate): a load
// balancer makes 64 slots, of which 7 are in use.
func Testbed() Sizes { return Sizes{Samples: 128, Servers: 7, Level: 4, Slots: 64} }

// Cell is sizes at which all operations are measured.
type Cell struct {
	Varied Parameter // the one that differs from Base; empty: these are Testbed
	Sizes
}

// Grid lists the cells: each parameter at powers of two within its limits, with the
// others as in Base, and Testbed.
func Grid() []Cell {
	cells := []Cell{{Sizes: Testbed()}}
	for k := 16; k <= 4096; k *= 2 {
		s := Base()
		s.Samples = k
		cells = append(cells, Cell{Samples, s})
	}
	for n := 8; n <= 4096; n *= 2 {
		s := Base()
		s.Servers, s.Slots = n, n
		cells = append(cells, Cell{Servers, s})
	}
	for m := 2; m <= 64; m *= 2 {
		s := Base()
		s.Level = m
		cells = append(cells, Cell{Level, s})
	}
	return cells
}

// Timing is what an operation takes at sizes.
type Timing struct {
	Operation string
	Cell
	Bytes       int       // of memory that it is about
	Nanoseconds []float64 // of processor time, in each round
}

// Median returns the median of the rounds, in ns.
func (t *Timing) Median() float64 { return median(t.Nanoseconds) }

// Measurement is timings of all operations on all cells.
type Measurement struct {
	Machine string // in words
	Timings []Timing
}

// Rounds returns how often each operation was timed at each of the sizes.
func (m *Measurement) Rounds() int {
	if len(m.Timings) == 0 {
		return 0
	}
	return len(m.Timings[0].Nanoseconds)
}

// Testbed returns an operation's timing at the testbed's sizes; nil if there is none.
func (m *Measurement) Testbed(operation string) *Timing {
	for k := range m.Timings {
		if t := &m.Timings[k]; t.Operation == operation && t.Varied == "" {
			return t
		}
	}
	return nil
}

// Series returns an operation's timings over a parameter, which rises.
func (m *Measurement) Series(operation string, p Parameter) []Timing {
	var list []Timing
	for _, t := range m.Timings {
		if t.Operation == operation && t.Varied == p {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(a, b Timing) int { return a.Of(p) - b.Of(p) })
	return list
}

// leastPoints is how many values of a parameter growth is fitted to at least.
const leastPoints = 3

// longest is a time, in ns, that no operation takes.
const longest = 1e12

// Check returns ErrIncomplete unless each operation has been timed at the testbed's
// sizes and at three values or more of each parameter in its upper range, as often as
// the others, with times and memory above 0.
func (m *Measurement) Check() error {
	for _, name := range Operations() {
		if m.Testbed(name) == nil {
			return fmt.Errorf("%w: %s, at the testbed's sizes", ErrIncomplete, name)
		}
		for _, p := range Parameters() {
			list := m.Series(name, p)
			for k := 1; k < len(list); k++ {
				if list[k].Of(p) == list[k-1].Of(p) {
					return fmt.Errorf("%w: %s, %s = %d is there twice", ErrIncomplete, name, p, list[k].Of(p))
				}
			}
			if len(upper(list, p)) < leastPoints {
				return fmt.Errorf("%w: %s, over %s, has %d points in the upper range, not %d or more", ErrIncomplete, name, p, len(upper(list, p)), leastPoints)
			}
		}
	}
	for _, t := range m.Timings {
		if len(t.Nanoseconds) == 0 || len(t.Nanoseconds) != m.Rounds() {
			return fmt.Errorf("%w: %s: %d rounds, not %d", ErrIncomplete, t.Operation, len(t.Nanoseconds), m.Rounds())
		}
		if least := slices.Min(t.Nanoseconds); !(least > 0 && slices.Max(t.Nanoseconds) <= longest) {
			return fmt.Errorf("%w: %s: times must be above 0, and %g ns at most", ErrIncomplete, t.Operation, float64(longest))
		}
		if min(t.Samples, t.Servers, t.Level, t.Bytes) < 1 {
			return fmt.Errorf("%w: %s: sizes and bytes must be above 0", ErrIncomplete, t.Operation)
		}
	}
	return nil
}

func median(x []float64) float64 {
	return stat.Quantile(0.5, stat.LinInterp, slices.Sorted(slices.Values(x)), nil)
}
