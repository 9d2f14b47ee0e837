package potential

import "fmt"

// Deviation is what changes, as means over the steps of an episode, when one LB alone
// follows another policy on the same arrivals.
type Deviation struct {
	Own        float64 // of F_i(l_i), its reward
	Team       float64 // of F(l), which is to be the potential
	Others     float64 // of F_-i(l_-i), which Lemma 11 takes for unchanged
	Covariance float64 // of 2 cov_j(l_ij, l_-ij), which it leaves out
}

// Epsilon is the change of the reward less that of the potential, a step: by the mended
// lemma Covariance - Others. In an epsilon-approximate Markov potential game no
// deviation has a greater one, of either sign, times the steps of an episode.
func (d Deviation) Epsilon() float64 { return d.Own - d.Team }

// Deviate compares what was recorded with what was recorded when one LB deviated.
func Deviate(before, after Trajectory, lb int) (Deviation, error) {
	for _, t := range []Trajectory{before, after} {
		if err := t.check(); err != nil {
			return Deviation{}, err
		}
	}
	if len(before) != len(after) || len(before[0]) != len(after[0]) || len(before[0][0]) != len(after[0][0]) || lb < 0 || lb >= len(before[0]) {
		return Deviation{}, fmt.Errorf("%w: %d steps of %d LBs and %d of %d, and LB %d", ErrTrajectory, len(before), len(before[0]), len(after), len(after[0]), lb)
	}
	var d Deviation
	n := float64(len(before))
	for step := range before {
		a, b := before.parts(step, lb), after.parts(step, lb)
		d.Own += (b.Own - a.Own) / n
		d.Team += (b.Team - a.Team) / n
		d.Others += (b.Others - a.Others) / n
		d.Covariance += 2 * (b.Covariance - a.Covariance) / n
	}
	return d, nil
}
