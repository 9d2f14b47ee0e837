package frame

import (
	"fmt"
	"slices"
)

// weightTable is the columns of weights.
type weightTable struct {
	names []string
	lbs   int // load balancers; 0: nobody sets weights
	each  bool
}

// weightWidth is how wide such a column is, with the gap before it.
const weightWidth = 4 + 2

// weightColumns returns a column for each load balancer or, if there is no room for that,
// the mean, the least and the most of all.
func weightColumns(list []server, columns int) weightTable {
	w := weightTable{lbs: len(list[0].weights)}
	if w.lbs == 0 {
		return w
	}
	if w.each = 8+fixedColumns+leastBar+w.lbs*weightWidth <= columns; w.each {
		for i := range w.lbs {
			w.names = append(w.names, fmt.Sprintf("lb%d", i))
		}
		return w
	}
	w.names = []string{"mean", "least", "most"}
	return w
}

// width is that of all columns.
func (w weightTable) width() int { return weightWidth*len(w.names) + len(w.names)/3 }

// of returns the cells of a server.
func (w weightTable) of(s server) (cells []string) {
	if w.lbs == 0 {
		return nil
	}
	list := s.weights
	if !w.each {
		mean := 0.0
		for _, x := range s.weights {
			mean += x / float64(len(s.weights))
		}
		list = []float64{mean, slices.Min(s.weights), slices.Max(s.weights)}
	}
	for _, x := range list {
		cells = append(cells, fmt.Sprintf("%*s", weightWidth-2, threeDigits(x)))
	}
	return cells
}
