package affinity

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Counts are the requests of one episode, by window of time, LB and server.
type Counts [][][]float64

// NewCounts makes room for the given numbers of windows, LBs and servers.
func NewCounts(windows, lbs, servers int) Counts {
	c := make(Counts, windows)
	for w := range c {
		c[w] = make([][]float64, lbs)
		for i := range c[w] {
			c[w][i] = make([]float64, servers)
		}
	}
	return c
}

// Figures say how the LBs of one episode, or of several on average, divide the
// servers among themselves. Those of Used, Main and Overlap are of the last window.
type Figures struct {
	// Used is how many servers an LB uses, as a part of all: the mean over LBs of
	// (sum_j n_j)^2 / (N sum_j n_j^2), n_j its requests to server j. It is 1 where
	// all get the same.
	Used float64

	// Main is the part of a server's requests that comes from the LB that sends it
	// most: the mean over requests. It is 1/M where M LBs send as much each.
	Main float64

	// Overlap is the mean over pairs of LBs of sum_j min(p_j, p'_j), p and p' the parts
	// of their requests that go to server j: 1 where they spread them alike, 0 where
	// no server is used by both. It is NaN of one LB.
	Overlap float64

	// Lasting is how far preferences outlast a window, by the distance between windows:
	// the correlation, over LBs and servers, of an LB's part of a server's requests in
	// two windows, on average over the pairs of windows so far apart. Lasting[0] is of
	// neighbours. A pair where all parts are equal has none and is left out.
	Lasting []float64
}

// Measure returns the figures of one episode. There must be a window, and requests in
// the last.
func Measure(c Counts) Figures {
	last := c[len(c)-1]
	f := Figures{Used: used(last), Main: mainShare(last), Overlap: overlap(last)}
	parts := make([][]float64, len(c))
	for w := range c {
		parts[w] = partsOfServers(c[w])
	}
	for distance := 1; distance < len(c); distance++ {
		var list []float64
		for w := distance; w < len(c); w++ {
			if x := correlation(parts[w-distance], parts[w]); !math.IsNaN(x) {
				list = append(list, x)
			}
		}
		f.Lasting = append(f.Lasting, stat.Mean(list, nil))
	}
	return f
}

// Mean returns the means of the figures of several episodes, at least one.
func Mean(list []Figures) Figures {
	mean := func(value func(f *Figures) float64) float64 {
		sum := 0.0
		for i := range list {
			sum += value(&list[i])
		}
		return sum / float64(len(list))
	}
	f := Figures{
		Used:    mean(func(f *Figures) float64 { return f.Used }),
		Main:    mean(func(f *Figures) float64 { return f.Main }),
		Overlap: mean(func(f *Figures) float64 { return f.Overlap }),
	}
	for k := range list[0].Lasting {
		f.Lasting = append(f.Lasting, mean(func(f *Figures) float64 { return f.Lasting[k] }))
	}
	return f
}

// used returns the mean over LBs that have requests.
func used(counts [][]float64) float64 {
	var list []float64
	for _, n := range counts {
		if total := floats.Sum(n); total > 0 {
			list = append(list, total*total/(float64(len(n))*floats.Dot(n, n)))
		}
	}
	return stat.Mean(list, nil)
}

func mainShare(counts [][]float64) float64 {
	sum, total := 0.0, 0.0
	for j := range counts[0] {
		most := 0.0
		for i := range counts {
			most = max(most, counts[i][j])
			total += counts[i][j]
		}
		sum += most
	}
	return sum / total
}

func overlap(counts [][]float64) float64 {
	var list []float64
	for i := range counts {
		for k := range i {
			a, b := floats.Sum(counts[i]), floats.Sum(counts[k])
			if a == 0 || b == 0 {
				continue
			}
			both := 0.0
			for j := range counts[i] {
				both += min(counts[i][j]/a, counts[k][j]/b)
			}
			list = append(list, both)
		}
	}
	return stat.Mean(list, nil)
}

// partsOfServers returns each LB's part of each server's requests, LB after LB; NaN
// where a server has none.
func partsOfServers(counts [][]float64) []float64 {
	var out []float64
	for i := range counts {
		for j := range counts[i] {
			total := 0.0
			for k := range counts {
				total += counts[k][j]
			}
			out = append(out, counts[i][j]/total)
		}
	}
	return out
}

// correlation returns that of the values that both have; NaN where one does not vary.
func correlation(a, b []float64) float64 {
	var x, y []float64
	for k := range a {
		if !math.IsNaN(a[k]) && !math.IsNaN(b[k]) {
			x, y = append(x, a[k]), append(y, b[k])
		}
	}
	return stat.Correlation(x, y, nil)
}
