package potential

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// VBF is the variance-based fairness (Def. 2, eq. 11), -1/N sum_j (l_j - mean l)^2.
func VBF(l []float64) float64 { return -covariance(l, l) }

// covariance is 1/N sum_j (a_j - mean a) (b_j - mean b).
func covariance(a, b []float64) float64 {
	meanA, meanB, sum := stat.Mean(a, nil), stat.Mean(b, nil), 0.0
	for j := range a {
		sum += (a[j] - meanA) * (b[j] - meanB)
	}
	return sum / float64(len(a))
}

// Parts are the terms of the mended Lemma 11 for one LB at one moment.
type Parts struct {
	Team       float64 // F(l), of the loads of all
	Own        float64 // F_i(l_i)
	Others     float64 // F_-i(l_-i), of the sum of the others' loads
	Covariance float64 // cov_j(l_ij, l_-ij)
}

// Decompose computes the terms, each by itself.
func Decompose(own, others []float64) Parts {
	all := make([]float64, len(own))
	floats.AddTo(all, own, others)
	return Parts{VBF(all), VBF(own), VBF(others), covariance(own, others)}
}

// Mended is F(l) by the mended lemma.
func (p Parts) Mended() float64 { return p.Own + p.Others - 2*p.Covariance }

// Printed is F(l) by eq. 17 as it is printed.
func (p Parts) Printed() float64 { return p.Own + p.Others }

// Correlation is that of the own loads and the others' over the servers, if both vary.
func (p Parts) Correlation() (float64, bool) {
	product := p.Own * p.Others
	return p.Covariance / math.Sqrt(product), product > 0
}

// Trajectory is the loads of an episode: by step, LB and server.
type Trajectory [][][]float64

// ErrTrajectory reports trajectories that cannot be compared.
var ErrTrajectory = errors.New("potential: trajectories must have steps, and the same LBs, servers and number of steps")

// check reports a trajectory whose steps do not have the same LBs and servers.
func (t Trajectory) check() error {
	if len(t) == 0 || len(t[0]) == 0 || len(t[0][0]) == 0 {
		return fmt.Errorf("%w: there is no load", ErrTrajectory)
	}
	for n, step := range t {
		for i, l := range step {
			if len(step) != len(t[0]) || len(l) != len(t[0][0]) {
				return fmt.Errorf("%w: step %d has %d LBs, and %d servers of LB %d", ErrTrajectory, n, len(step), len(l), i)
			}
		}
	}
	return nil
}

// parts returns the terms for one LB at one step.
func (t Trajectory) parts(step, lb int) Parts {
	others := make([]float64, len(t[step][lb]))
	for k, l := range t[step] {
		if k != lb {
			floats.Add(others, l)
		}
	}
	return Decompose(t[step][lb], others)
}

// Correlations is the number of equal parts of [-1, 1] that Lemma tells apart.
const Correlations = 5

// Lemma is how far Lemma 11 is from what was recorded, over all steps and LBs.
type Lemma struct {
	Moments    int     // steps times LBs
	Team       float64 // mean of F(l)
	Own        float64 // mean of F_i(l_i)
	Covariance float64 // mean of 2 cov_j(l_ij, l_-ij), which the printed lemma leaves out
	Mended     float64 // the greatest |F(l) - mended|, over the greatest |F(l)|: rounding
	Printed    float64 // sum of |F(l) - printed| over the sum of |F(l)|
	Correlated []Group // by correlation, from -1 to 1
	Mean       float64 // of the correlation
}

// Group is the moments at which own loads and others' correlate so much.
type Group struct {
	Low, High float64 // of the correlation
	Part      float64 // of all moments
	Printed   float64 // as in Lemma
}

// Examine holds Lemma 11 to trajectories.
func Examine(list []Trajectory) (Lemma, error) {
	var r Lemma
	groups := make([]struct{ moments, off, all float64 }, Correlations)
	worst, greatest, off, all, correlated := 0.0, 0.0, 0.0, 0.0, 0.0
	for _, t := range list {
		if err := t.check(); err != nil {
			return Lemma{}, err
		}
		for step := range t {
			for lb := range t[step] {
				p := t.parts(step, lb)
				r.Moments++
				r.Team += p.Team
				r.Own += p.Own
				r.Covariance += 2 * p.Covariance
				worst = max(worst, math.Abs(p.Team-p.Mended()))
				greatest = max(greatest, -p.Team)
				off += math.Abs(p.Team - p.Printed())
				all -= p.Team
				if c, ok := p.Correlation(); ok {
					correlated++
					r.Mean += c
					g := &groups[min(Correlations-1, max(0, int((c+1)/2*Correlations)))]
					g.moments++
					g.off += math.Abs(p.Team - p.Printed())
					g.all -= p.Team
				}
			}
		}
	}
	if r.Moments == 0 {
		return Lemma{}, fmt.Errorf("%w: there are none", ErrTrajectory)
	}
	n := float64(r.Moments)
	r.Team, r.Own, r.Covariance = r.Team/n, r.Own/n, r.Covariance/n
	if greatest > 0 {
		r.Mended, r.Printed = worst/greatest, off/all
	}
	if correlated > 0 {
		r.Mean /= correlated
	}
	for k, g := range groups {
		x := Group{Low: 2*float64(k)/Correlations - 1, High: 2*float64(k+1)/Correlations - 1, Part: g.moments / n}
		if g.all > 0 {
			x.Printed = g.off / g.all
		}
		r.Correlated = append(r.Correlated, x)
	}
	return r, nil
}
