package qmix_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// leastSquares fits a linear function to rows that are not kept.
type leastSquares struct {
	rows    float64
	squares float64       // of what is fitted
	product *mat.VecDense // of the rows and what is fitted
	moments *mat.SymDense // of the rows
}

func newLeastSquares(columns int) *leastSquares {
	return &leastSquares{product: mat.NewVecDense(columns, nil), moments: mat.NewSymDense(columns, nil)}
}

func (l *leastSquares) add(row []float64, y float64) {
	x := mat.NewVecDense(len(row), row)
	l.moments.SymRankOne(l.moments, 1, x)
	l.product.AddScaledVec(l.product, y, x)
	l.squares += y * y
	l.rows++
}

// solve returns the coefficients and the variance of what they leave. Each coefficient is
// held to 0 by a millionth of a row, for columns that others make up.
func (l *leastSquares) solve() (coefficients []float64, rest float64) {
	for k := range l.moments.SymmetricDim() {
		l.moments.SetSym(k, k, l.moments.At(k, k)+1e-6)
	}
	var factors mat.Cholesky
	if !factors.Factorize(l.moments) {
		panic("no positive definite moments")
	}
	var c mat.VecDense
	if err := factors.SolveVecTo(&c, l.product); err != nil {
		if _, ill := err.(mat.Condition); !ill {
			panic(err)
		}
	}
	return c.RawVector().Data, (l.squares - mat.Dot(&c, l.product)) / (l.rows - float64(c.Len()))
}

// bestOfReturns returns the log-weights of each LB at the peak of what least squares make of
// the team's returns in so many episodes of training, in which LBs explore around the best
// weights: a constant, linear in the state's requests, and for each LB and server quadratic
// in the centred log-weight, as the recipe's utilities are.
func (m *measured) bestOfReturns(episodes int, epsilon float64) [][]float64 {
	const steps = 120
	lbs, servers := m.env.Spec().Agents, len(m.best)
	first := 1 + lbs*servers // column of the first log-weight
	fit := newLeastSquares(first + 2*lbs*servers)
	for k := range uint64(episodes) {
		var rows [][]float64
		m.explore(1<<63+k, epsilon, func(k int, u [][]float64) {
			row := append([]float64{1}, m.requests[k]...)
			for _, levels := range u {
				centre := stat.Mean(levels, nil)
				for _, v := range levels {
					row = append(row, v-centre, (v-centre)*(v-centre))
				}
			}
			rows = append(rows, row)
		})
		for step, row := range rows[:steps] {
			fit.add(row, m.returnFrom(step))
		}
	}
	c, _ := fit.solve()
	out := make([][]float64, lbs)
	for i := range out {
		// The largest sum of b d - a d^2 of servers whose d add up to 0, within the levels.
		least, curves := 0.0, 0.0
		slope, curve := make([]float64, servers), make([]float64, servers)
		for j := range servers {
			at := first + 2*(i*servers+j)
			slope[j], curve[j] = c[at], 2*max(-c[at+1], 0.01)
			least += slope[j] / curve[j]
			curves += 1 / curve[j]
		}
		for j := range servers {
			out[i] = append(out[i], min(1, max(-1, (slope[j]-least/curves)/curve[j])))
		}
	}
	return out
}

// TestLeastSquares: what explorers' returns say is best has its servers further apart than
// what is best. FAIRLB_LONG=1 tells by how much, by least squares on ten times the recipe's
// episodes, and what such weights make of the mean completion time.
func TestLeastSquares(t *testing.T) {
	t.Parallel()
	m := misweighted().open(t, 120+returnSteps, false)
	if !long() {
		for _, u := range m.bestOfReturns(600, 1) {
			further := floats.Dot(u, m.best) / floats.Dot(m.best, m.best) // 1: as far apart as the best
			require.Greater(t, further, 1.1)
			require.Less(t, further, 2.5)
		}
		return
	}
	least := misweighted().meanTime(t, 500, m.best, m.best)
	t.Logf("the best weights: %.2f", m.best)
	for _, epsilon := range []float64{1, 0.5, 0.3, finalEpsilon} {
		u := m.bestOfReturns(6400, epsilon)
		t.Logf("exploring with %.1f: mean completion time %+.1f %%, of weights %.2f", epsilon, 100*(misweighted().meanTime(t, 500, u...)/least-1), u)
	}
}
