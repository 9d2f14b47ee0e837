package workload

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

// mix returns classes of the given shares, each of one stage a class number
// long and more.
func mix(t *testing.T, law string, cv float64, shares ...float64) []Class {
	t.Helper()
	var classes []Class
	for k, share := range shares {
		l, err := NewLaw(law, 0.01, cv)
		require.NoError(t, err)
		classes = append(classes, Class{Share: share, Stages: make([]Stage, k+1)})
		for m := range classes[k].Stages {
			classes[k].Stages[m] = Stage{Resource: Resource(m % 2), Law: l}
		}
	}
	return classes
}

// draw returns the first n requests of a source.
func draw(t *testing.T, s Source, stages, n int) []Request {
	t.Helper()
	list := make([]Request, n)
	for i := range list {
		list[i].Demand = make([]float64, stages)
		if err := s.Next(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	require.NoError(t, s.Close())
	return list
}

// counts returns the number of arrivals in each whole window (s).
func counts(list []Request, window float64) []float64 {
	n := make([]float64, int(list[len(list)-1].Time/window))
	for _, r := range list {
		if k := int(r.Time / window); k < len(n) {
			n[k]++
		}
	}
	return n
}

// TestArrivals holds mean rate and burstiness, the index of dispersion of
// counts, to theory. With calm and burst rates c and b, mean lengths and the
// rate s of return of the modulating chain (1/calm + 1/burst), counts over
// windows of length w have the index 1 + 2 V / (rate s) (1 - (1-e^-sw)/(sw)),
// V the variance of the rate; it is 1 for a Poisson process.
func TestArrivals(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]Arrivals{
		"poisson":            {Rate: 100},
		"web mix":            {Rate: 100, BurstFactor: 1.2, BurstMean: 1, CalmMean: 4},
		"strong bursts":      {Rate: 100, BurstFactor: 3, BurstMean: 0.5, CalmMean: 2},
		"nothing in between": {Rate: 100, BurstFactor: 5, BurstMean: 0.5, CalmMean: 2},
		"factor one":         {Rate: 100, BurstFactor: 1, BurstMean: 0.5, CalmMean: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const window = 2
			list := draw(t, NewSynthetic(a, mix(t, "deterministic", 0, 1), []float64{1}, 3), 1, 600_000)
			for i := 1; i < len(list); i++ {
				if list[i].Time < list[i-1].Time {
					t.Fatalf("arrival %d at %g s, the one before at %g s", i, list[i].Time, list[i-1].Time)
				}
			}
			want, variance := 1.0, 0.0
			if a.BurstFactor > 0 {
				part := a.BurstMean / (a.BurstMean + a.CalmMean)
				burst := a.Rate * a.BurstFactor
				calm := (a.Rate - part*burst) / (1 - part)
				variance = part * (1 - part) * (burst - calm) * (burst - calm)
				s := 1/a.BurstMean + 1/a.CalmMean
				want += 2 * variance / (a.Rate * s) * (1 - (1-math.Exp(-s*window))/(s*window))
			}
			n := counts(list, window)
			mean, v := stat.MeanVariance(n, nil)
			require.InDelta(t, a.Rate*window, mean, 4*math.Sqrt(v/float64(len(n)))*2, "mean rate")
			require.InDelta(t, want, v/mean, 0.13*want, "index of dispersion")
		})
	}
}

// TestBurstsBringEverything: at the largest burst factor no arrivals come
// between bursts; rounding must not make their rate negative.
func TestBurstsBringEverything(t *testing.T) {
	t.Parallel()
	for i := 1; i <= 60; i++ {
		for j := 1; j <= 60; j++ {
			a := Arrivals{Rate: 100, BurstMean: float64(i) / 10, CalmMean: float64(j) / 10}
			a.BurstFactor = (a.BurstMean + a.CalmMean) / a.BurstMean
			require.GreaterOrEqual(t, a.calmFactor(), 0.0)
			list := draw(t, NewSynthetic(a, mix(t, "deterministic", 0, 1), []float64{1}, uint64(i)), 1, 20)
			require.Positive(t, list[0].Time)
		}
	}
}

// TestRateRange: each episode has a rate of its own between the two.
func TestRateRange(t *testing.T) {
	t.Parallel()
	var rates []float64
	for seed := range uint64(400) {
		s := NewSynthetic(Arrivals{Rate: 650, RateMax: 800}, mix(t, "deterministic", 0, 1), []float64{1}, seed)
		rates = append(rates, s.arrivals.rate)
		require.True(t, s.arrivals.rate >= 650 && s.arrivals.rate < 800)
	}
	mean, sd := stat.MeanStdDev(rates, nil)
	require.InDelta(t, 725, mean, 4*sd/math.Sqrt(400))
	require.InDelta(t, 150/math.Sqrt(12), sd, 4)
}

// TestShares counts classes and LBs, and their independence, by the
// chi-square statistic of the table of both (99.9 % of 8 degrees of freedom).
func TestShares(t *testing.T) {
	t.Parallel()
	classes, lbs := []float64{0.44, 0, 0.16, 0.4}, []float64{0.5, 0.2, 0.3}
	list := draw(t, NewSynthetic(Arrivals{Rate: 1}, mix(t, "exponential", 0, classes...), lbs, 11), 4, 100_000)
	var table [4][3]float64
	for _, r := range list {
		table[r.Class][r.LB]++
		if len(r.Demand) != r.Class+1 {
			t.Fatalf("%d demands of class %d", len(r.Demand), r.Class)
		}
	}
	chi := 0.0
	for c, p := range classes {
		for i, q := range lbs {
			want := p * q * float64(len(list))
			if p == 0 {
				require.Zero(t, table[c][i])
				continue
			}
			chi += (table[c][i] - want) * (table[c][i] - want) / want
		}
	}
	require.Less(t, chi, 26.12)
}

// TestStreamsAreIndependent: each part of a workload can change and leave the
// draws of the others as they are.
func TestStreamsAreIndependent(t *testing.T) {
	t.Parallel()
	poisson, half := Arrivals{Rate: 10}, []float64{0.5, 0.5}
	of := func(a Arrivals, classes []Class, lbs []float64) []Request {
		return draw(t, NewSynthetic(a, classes, lbs, 5), 4, 500)
	}
	base := of(poisson, mix(t, "exponential", 0, 0.3, 0.7), half)
	require.Equal(t, base, of(poisson, mix(t, "exponential", 0, 0.3, 0.7), half), "one seed, one workload")

	type draws struct{ times, classes, lbs, demands bool } // what must stay
	for name, test := range map[string]struct {
		list []Request
		same draws
	}{
		"another law":   {of(poisson, mix(t, "hyperexponential", 2, 0.3, 0.7), half), draws{times: true, classes: true, lbs: true}},
		"other shares":  {of(poisson, mix(t, "exponential", 0, 0.6, 0.4), half), draws{times: true, lbs: true}},
		"another split": {of(poisson, mix(t, "exponential", 0, 0.3, 0.7), []float64{0.1, 0.9}), draws{times: true, classes: true, demands: true}},
		"bursts": {of(Arrivals{Rate: 10, BurstFactor: 2, BurstMean: 1, CalmMean: 3}, mix(t, "exponential", 0, 0.3, 0.7), half),
			draws{classes: true, lbs: true, demands: true}},
	} {
		same := draws{true, true, true, true}
		for i, r := range test.list {
			same.times = same.times && r.Time == base[i].Time
			same.classes = same.classes && r.Class == base[i].Class
			same.lbs = same.lbs && r.LB == base[i].LB
			same.demands = same.demands && len(r.Demand) == len(base[i].Demand) && r.Demand[0] == base[i].Demand[0]
		}
		require.Equal(t, test.same, same, name)
	}
	other := draw(t, NewSynthetic(poisson, mix(t, "exponential", 0, 0.3, 0.7), half, 6), 4, 500)
	require.NotEqual(t, base[0].Time, other[0].Time, "another seed")
}

func TestMaxStages(t *testing.T) {
	t.Parallel()
	require.Equal(t, 0, MaxStages(nil))
	require.Equal(t, 3, MaxStages(mix(t, "exponential", 0, 0.2, 0.3, 0.5)))
	require.Equal(t, "cpu", CPU.String())
	require.Equal(t, "io", IO.String())
}
