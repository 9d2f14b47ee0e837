package jointplay

import (
	"context"

	"fairlb/eval"
	"fairlb/eval/theory/potential"
	"fairlb/results/report"
)

// PlaySeeds plays an episode of each seed (Play).
func (p *Player) PlaySeeds(ctx context.Context, all, other Policy, deviating int, seeds []uint64) ([]potential.Trajectory, error) {
	var list []potential.Trajectory
	for _, seed := range seeds {
		t, err := p.Play(ctx, all, other, deviating, seed)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// DeviationRow compares the episodes of the same seeds before LB 0 deviated and after.
func DeviationRow(before, after []potential.Trajectory) (report.DeviationRow, error) {
	var row report.DeviationRow
	var epsilons []float64
	for k := range before {
		d, err := potential.Deviate(before[k], after[k], 0)
		if err != nil {
			return row, err
		}
		n := float64(len(before))
		row.Mean.Own += d.Own / n
		row.Mean.Team += d.Team / n
		row.Mean.Others += d.Others / n
		row.Mean.Covariance += d.Covariance / n
		epsilons = append(epsilons, d.Epsilon())
	}
	row.Steps = len(before[0])
	mean, _, high := eval.MeanInterval(epsilons)
	row.Half = high - mean
	return row, nil
}
