package paper

// LiveCell is what a live table has beside what was measured of a cell.
type LiveCell struct {
	// Simulated is the same policies with the same requests in the simulator; its numbers
	// of runs are 0 where that is not known.
	Simulated Measurement

	// Gap is what was measured over Simulated, of the requests that completed, with the
	// interval of runs that are paired by seed; nil where there is none.
	Gap *Ratio

	LeftOut int    // runs that were no measurement, and are no part of what was measured
	NotLive string // why the cell cannot be had on real traffic; empty where it can
}

// AddLive makes the table a live one: what was measured of it is of real traffic, and beside
// each cell stands what the given function answers, but for Gap, which is computed.
func (f *Filled) AddLive(live func(row, column int) LiveCell) {
	f.Live = true
	for i := range f.Cells {
		for j := range f.Cells[i] {
			c := &f.Cells[i][j]
			c.Live = live(i, j)
			if c.Measured {
				c.Live.Gap = gapOf(c.Ours, c.Live.Simulated)
			}
		}
	}
	notes := make([]Note, len(f.Notes))
	for k, n := range f.Notes {
		if n.Text == noteTestbed {
			n.Text = noteLive
		}
		notes[k] = n
	}
	f.Notes = notes
}

// gapOf returns the ratio of the completed requests' values on the seeds that both have.
func gapOf(live, simulated Measurement) *Ratio {
	if live.Completed.N == 0 || simulated.Completed.N == 0 || simulated.Completed.Mean == 0 {
		return nil
	}
	if runs := simulated.Completed.Runs; len(runs) == 1 {
		value, lo, hi := live.Completed.Runs.RatioInterval(runs[0])
		return &Ratio{value, lo, hi, lo > 1 || hi < 1}
	}
	return newRatio(live.Completed.Mean / simulated.Completed.Mean)
}

// LeftOut is the number of runs of all cells that were no measurement. Cells of one row and
// scenario, which are of the same runs, count once.
func (f *Filled) LeftOut() int {
	type runs struct {
		row      int
		scenario string
	}
	n, counted := 0, map[runs]bool{}
	for i := range f.Cells {
		for j, c := range f.Cells[i] {
			if key := (runs{i, f.Columns[j].Scenario}); !counted[key] {
				counted[key] = true
				n += c.Live.LeftOut
			}
		}
	}
	return n
}
