package workload

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// arrivalTimes draws the first n times of arrival.
func arrivalTimes(a Arrivals, seed uint64, n int) []float64 {
	p := newProcess(a, seed)
	times := make([]float64, n)
	for i := range times {
		times[i] = p.draw()
	}
	return times
}

// perWindow counts times in whole windows (s).
func perWindow(times []float64, window float64) []float64 {
	n := make([]float64, int(times[len(times)-1]/window))
	for _, x := range times {
		if k := int(x / window); k < len(n) {
			n[k]++
		}
	}
	return n
}

// chainDispersion is the index of dispersion of counts over windows of w s:
// 1 + 2/(lambda w) times the integral of (w-u) C(u), C the autocovariance of
// the rate, whose matrix exponential is stepped through (Euler).
func chainDispersion(c *Chain, rate, w float64) float64 {
	n := len(c.factors)
	carried := make([]float64, n) // part of the time in i, times its rate, carried on
	for i := range carried {
		carried[i] = c.timeShares[i] * c.factors[i] * rate
	}
	const steps = 20_000
	h, integral := w/steps, 0.0
	for s := range steps {
		covariance := -rate * rate
		for i := range carried {
			covariance += carried[i] * c.factors[i] * rate
		}
		integral += (w - (float64(s)+0.5)*h) * covariance * h
		moved := make([]float64, n)
		for i := range carried {
			moved[i] += carried[i] * (1 - h/c.stays[i])
			for j := range n {
				to := 0.0
				if c.next != nil {
					to = c.next[i][j]
				} else if j == (i+1)%n {
					to = 1
				}
				moved[j] += carried[i] * h / c.stays[i] * to
			}
		}
		carried = moved
	}
	return 1 + 2*integral/(rate*w)
}

// TestChain holds mean rate and dispersion at three scales to theory.
func TestChain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		factors, stays []float64
		next           [][]float64
	}{
		"two states":   {[]float64{1, 5}, []float64{2, 0.5}, nil},
		"three scales": {[]float64{1, 3, 20}, []float64{5, 1, 0.1}, nil},
		"given":        {[]float64{1, 4, 0}, []float64{1, 0.3, 0.2}, [][]float64{{0, 0.8, 0.2}, {0.5, 0, 0.5}, {1, 0, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chain, err := NewChain(c.factors, c.stays, c.next)
			require.NoError(t, err)
			mean := 0.0
			for i, part := range chain.timeShares {
				mean += part * chain.factors[i]
			}
			require.InDelta(t, 1, mean, 1e-12)
			times := arrivalTimes(Arrivals{Rate: 100, Chain: chain}, 4, 600_000)
			for _, w := range []float64{0.1, 1, 10} {
				m, v := stat.MeanVariance(perWindow(times, w), nil)
				require.InEpsilon(t, 100*w, m, 0.05, "mean over %g s", w)
				require.InEpsilon(t, chainDispersion(chain, 100, w), v/m, 0.15, "dispersion at %g s", w)
			}
		})
	}
}

// TestChainParts: the parts of the time balance the flows between states.
func TestChainParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(rt, "states")
		factors, stays, next := make([]float64, n), make([]float64, n), make([][]float64, n)
		for i := range n {
			factors[i] = rapid.Float64Range(0.1, 10).Draw(rt, "factor")
			stays[i] = rapid.Float64Range(0.01, 100).Draw(rt, "stay")
			next[i] = make([]float64, n)
			sum := 0.0
			for j := range n {
				if j != i {
					next[i][j] = rapid.Float64Range(0.01, 1).Draw(rt, "chance")
					sum += next[i][j]
				}
			}
			for j := range n {
				next[i][j] /= sum
			}
		}
		c, err := NewChain(factors, stays, next)
		require.NoError(rt, err)
		for j := range n {
			in := 0.0
			for i := range n {
				in += c.timeShares[i] / stays[i] * next[i][j]
			}
			require.InEpsilon(rt, c.timeShares[j]/stays[j], in, 1e-9)
		}
	})
}

// TestGapCV: gaps have the given mean and variation, one is unrelated to the
// next, long windows have the dispersion cv^2, and the first arrival comes as
// the rest of a gap does: after (1 + cv^2) / 2 mean gaps.
func TestGapCV(t *testing.T) {
	t.Parallel()
	const cv = 3.0
	times := arrivalTimes(Arrivals{Rate: 50, GapCV: cv}, 9, 400_000)
	gaps := make([]float64, len(times)-1)
	for i := range gaps {
		gaps[i] = times[i+1] - times[i]
	}
	mean, sd := stat.MeanStdDev(gaps, nil)
	require.InEpsilon(t, 1./50, mean, 0.03)
	require.InEpsilon(t, cv, sd/mean, 0.03)
	require.InDelta(t, 0, stat.Correlation(gaps[1:], gaps[:len(gaps)-1], nil), 0.01)
	m, v := stat.MeanVariance(perWindow(times, 5), nil)
	require.InEpsilon(t, cv*cv, v/m, 0.15)

	var first []float64
	for seed := range uint64(4000) {
		first = append(first, arrivalTimes(Arrivals{Rate: 50, GapCV: cv}, seed, 1)[0])
	}
	mean, sd = stat.MeanStdDev(first, nil)
	require.InDelta(t, (1+cv*cv)/2/50, mean, 4*sd/math.Sqrt(4000))
}

// integral is that of the profile from 0 to x, by summing its pieces.
func (p *Profile) integral(x float64) float64 {
	n := len(p.factors)
	step := p.period / float64(n)
	whole := math.Floor(x / p.period)
	x -= whole * p.period
	sum := whole * p.period
	for k := 0; k < n && x > 0; k++ {
		y := min(x, step)
		from, to := p.factors[k], p.factors[(k+1)%n]
		sum += from*y + (to-from)/step*y*y/2
		x -= y
	}
	return sum
}

// TestProfileInverse: after goes as far as the integral says, wherever it
// begins, and never back.
func TestProfileInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		period := rapid.Float64Range(0.5, 1000).Draw(rt, "period")
		factors := rapid.SliceOfN(rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 10)), 1, 8).Draw(rt, "factors")
		factors = append(factors, 1)
		p, err := NewProfile(period, factors, 0, false)
		require.NoError(rt, err)
		require.InEpsilon(rt, period, p.integral(period*(1-1e-15)), 1e-9, "mean 1")
		now := rapid.Float64Range(0, 3*period).Draw(rt, "now")
		phase := rapid.Float64Range(0, period*0.999).Draw(rt, "phase")
		work := rapid.Float64Range(0, 2.5*period).Draw(rt, "work")
		then := p.timeAfter(now, phase, work)
		require.GreaterOrEqual(rt, then, now)
		require.InDelta(rt, work, p.integral(then+phase)-p.integral(now+phase), 1e-8*period)
	})
}

// TestProfiled: under a profile a Poisson process, a modulated one and a
// renewal process all keep their mean rate and follow the profile.
func TestProfiled(t *testing.T) {
	t.Parallel()
	profile, err := NewProfile(8, []float64{0, 1, 6, 1}, 0, false)
	require.NoError(t, err)
	for name, a := range map[string]Arrivals{
		"poisson": {Rate: 100}, "bursts": {Rate: 100, BurstFactor: 3, BurstMean: 0.2, CalmMean: 0.8}, "renewal": {Rate: 100, GapCV: 2},
	} {
		a.Profile = profile
		times := arrivalTimes(a, 2, 400_000)
		end := math.Floor(times[len(times)-1]/8) * 8
		var eighths [8]float64
		for i, x := range times {
			require.False(t, i > 0 && x < times[i-1])
			if x < end {
				eighths[int(math.Mod(x, 8))]++
			}
		}
		for k, n := range eighths {
			want := profile.integral(float64(k)+1) - profile.integral(float64(k))
			require.InEpsilon(t, want, n/(end/8*100), 0.05, "%s, second %d", name, k)
		}
	}
}

// TestProfileStart: an episode begins at the given time of the period, or
// anywhere in it.
func TestProfileStart(t *testing.T) {
	t.Parallel()
	first := func(start float64, random bool, seed uint64) float64 {
		p, err := NewProfile(100, []float64{0, 0, 1, 1}, start, random)
		require.NoError(t, err)
		return arrivalTimes(Arrivals{Rate: 1e6, Profile: p}, seed, 1)[0]
	}
	require.InDelta(t, 25, first(0, false, 1), 0.2, "nothing in the first quarter")
	require.InDelta(t, 5, first(20, false, 1), 0.2)
	require.InDelta(t, 0, first(60, false, 1), 0.01)
	phases := map[int]bool{}
	for seed := range uint64(50) {
		phases[int(first(0, true, seed))] = true
	}
	require.Greater(t, len(phases), 8)
}

// TestArrivalsAreFrozen: recorded results rest on these times.
func TestArrivalsAreFrozen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a    Arrivals
		want []float64
	}{
		{Arrivals{Rate: 10}, []float64{0.022147734440082285, 0.0541716070607682, 3.5143822619063863}},
		{Arrivals{Rate: 10, RateMax: 20}, []float64{0.01843062920750404, 0.038368383806544414, 2.045509893251514}},
		{Arrivals{Rate: 10, BurstFactor: 3, BurstMean: 0.1, CalmMean: 0.3}, []float64{0.1013654760047294, 0.11901793421462876, 3.1161246104005262}},
	} {
		times := arrivalTimes(test.a, 7, 40)
		require.InEpsilonSlice(t, test.want, []float64{times[0], times[1], times[39]}, 1e-14, "%+v", test.a)
	}
}
