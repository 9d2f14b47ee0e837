package rewards

// TeamByServer returns the reward of all LBs together, which a centralised
// learner earns, and writes to dst[j] the part of it that is server j's. It is
// the reward, and its parts are those, of the mean over LBs of their load
// estimates load[i][j] = l_ij (ByServer). For "ongoing" it is the mean of the
// LBs' own rewards own[i], and the parts are the means of theirs,
// parts[i][j], which is the same: it is linear. dst has one entry per server;
// TeamByServer panics where the lengths do not fit.
func (r Reward) TeamByServer(dst, own []float64, parts, load [][]float64) float64 {
	if len(own) != len(load) || len(own) != len(parts) {
		panic(errShape)
	}
	if r.definition().ongoing {
		meanRows(dst, parts)
		return meanOf(own)
	}
	clear(dst)
	for _, row := range load {
		if len(row) != len(dst) {
			panic(errShape)
		}
		for j, l := range row {
			dst[j] += clean(l) / float64(len(load))
		}
	}
	return r.ByServer(dst, dst, nil)
}

// meanOf is the mean of rewards; 0 for none.
func meanOf(r []float64) float64 {
	sum := 0.0
	for _, x := range r {
		sum += x / float64(len(r))
	}
	return sum
}

// meanRows writes the mean of rows to dst; zeros for none. Sums come first, so
// that means of whole numbers are rounded once.
func meanRows(dst []float64, rows [][]float64) {
	clear(dst)
	for _, row := range rows {
		if len(row) != len(dst) {
			panic(errShape)
		}
		for j, x := range row {
			dst[j] += x
		}
	}
	if len(rows) > 0 {
		for j := range dst {
			dst[j] /= float64(len(rows))
		}
	}
}
