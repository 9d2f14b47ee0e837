package eval

// Replicates are the values of one method under one statistic, such as the mean
// completion time: by training run, of which a heuristic has one, and by
// evaluation seed. Methods are compared on the same evaluation seeds.
type Replicates [][]float64

// marginalMeans returns the mean of each training run over evaluation seeds, and of
// each evaluation seed over training runs; nothing if the runs are not of equally many
// seeds.
func (r Replicates) marginalMeans() (runs, seeds []float64) {
	for _, run := range r {
		if seeds == nil {
			seeds = make([]float64, len(run))
		}
		if len(run) != len(seeds) {
			return nil, nil
		}
		sum := 0.0
		for s, value := range run {
			seeds[s] += value / float64(len(r))
			sum += value
		}
		runs = append(runs, sum/float64(len(run)))
	}
	return runs, seeds
}
