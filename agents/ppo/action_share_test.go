package ppo

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLinearShare: of y = 3 x_1 - 4 x_2 + noise of variance 75, x of variance 1,
// a quarter is explained; of noise nothing, although six columns fit 1 % of it
// by chance; a column that stands still explains nothing.
func TestLinearShare(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, columns = 600, 6
	var noise, linear, sum float64
	for range 40 {
		x, y, z := make([]float64, rows*columns), make([]float64, rows), make([]float64, rows)
		for i := range rows {
			for k := range columns - 1 {
				x[i*columns+k] = rng.NormFloat64()
			}
			z[i] = 5 + rng.NormFloat64()
			y[i] = 3*x[i*columns] - 4*x[i*columns+1] + 8.660254*rng.NormFloat64()
		}
		linear += adjustedR2(y, x, columns) / 40
		noise += adjustedR2(z, x, columns) / 40
		for i := range y {
			y[i] = 3*x[i*columns] - 4*x[i*columns+1]
		}
		sum += adjustedR2(y, x, columns) / 40
	}
	require.InDelta(t, 0.25, linear, 0.02)
	require.InDelta(t, 0, noise, 0.004)
	require.InDelta(t, 1, sum, 1e-9)
	require.Zero(t, adjustedR2([]float64{1, 2}, []float64{1, 2}, 1), "too few")
	require.Zero(t, adjustedR2(make([]float64, 9), []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1), "y stands still")
}
