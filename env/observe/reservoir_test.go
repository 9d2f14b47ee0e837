package observe

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSurvival holds the reservoir to Algorithm 3 in distribution: a sample
// after which n more came is still there with probability ((k-1)/k)^n, whether
// values rise, fall or come in no order (the slots are kept sorted by value,
// so that an order could favour some).
func TestSurvival(t *testing.T) {
	t.Parallel()
	const samples, trials, ages = 640, 1000, 64 // ages: width of a class of ages
	for name, value := range map[string]func(n int) float64{
		"rising":    func(n int) float64 { return float64(n) },
		"falling":   func(n int) float64 { return float64(samples - n) },
		"scrambled": func(n int) float64 { return float64(n * 389 % samples) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			when := map[float64]int{}
			for n := range samples {
				when[value(n)] = n
			}
			require.Len(t, when, samples)
			rng := rand.New(rand.NewPCG(5, 6))
			var kept [samples]float64
			var r Reservoir
			for range trials {
				r.Reset()
				for n := range samples {
					r.Insert(float64(n), value(n), rng)
				}
				for _, v := range r.value[:r.n] {
					kept[samples-1-when[v]]++
				}
			}
			for low := 0; low < samples; low += ages {
				got, want := 0.0, 0.0
				for n := low; n < low+ages; n++ {
					got += kept[n]
					want += trials * math.Pow((Slots-1.)/Slots, float64(n))
				}
				// Survivals are negatively correlated, so a Poisson error bounds theirs.
				require.InDelta(t, want, got, 4*math.Sqrt(want), "ages from %d", low)
			}
			require.Equal(t, float64(trials), kept[0], "the newest is always there")
		})
	}
}

// sample is one entry of the naive reservoir.
type sample struct{ t, value float64 }

// naive is a reservoir as a plain list: a random place of k is emptied if it
// is taken, then the sample is added.
type naive []sample

func (a *naive) insert(t, value float64, rng *rand.Rand) {
	if slot := rng.IntN(Slots); slot < len(*a) {
		*a = slices.Delete(*a, slot, slot+1)
	}
	*a = slices.Insert(*a, 0, sample{t, value}) // before those of the same value
	slices.SortStableFunc(*a, func(x, y sample) int { return cmp.Compare(x.value, y.value) })
}

// statistics computes the figures from their definitions, at time now.
func (a naive) statistics(now float64) Statistics {
	var s Statistics
	n := float64(len(a))
	var weights float64
	for _, x := range a {
		s.Mean += x.value / n
		w := math.Pow(Discount, now-x.t)
		weights += w
		s.DiscountedMean += w * x.value
	}
	s.DiscountedMean /= weights
	for _, x := range a {
		s.SD += (x.value - s.Mean) * (x.value - s.Mean) / n
	}
	s.SD = math.Sqrt(s.SD)
	count, weight := 0.0, 0.0
	plain, discounted := false, false
	for _, x := range a { // sorted by value
		count++
		weight += math.Pow(Discount, now-x.t)
		if !plain && 10*count >= 9*n {
			s.P90, plain = x.value, true
		}
		if !discounted && weight >= 0.9*weights*(1-1e-12) {
			s.DiscountedP90, discounted = x.value, true
		}
	}
	return s
}

// TestStatistics compares with the definitions on random streams, some with
// gaps so long that weights must be made relative to a new time.
func TestStatistics(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		a, b := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 1))
		values := rand.New(rand.NewPCG(seed, 2))
		gaps := rapid.SliceOfN(rapid.OneOf(
			rapid.Just(0.0), rapid.Float64Range(0, 2), rapid.Float64Range(0, 30), rapid.SampledFrom([]float64{700, 1999, 2001, 9000})), 1, 300).Draw(t, "gaps")
		var fast Reservoir
		var slow naive
		now := rapid.SampledFrom([]float64{0, 3, 5000}).Draw(t, "start")
		for _, gap := range gaps {
			now += gap
			v := values.ExpFloat64()
			fast.Insert(now, v, a)
			slow.insert(now, v, b)
		}
		require.Equal(t, len(slow), fast.Len())
		for i, x := range slow {
			require.Equal(t, x.value, fast.value[i])
		}
		got, want := fast.Statistics(), slow.statistics(now)
		require.Equal(t, want.P90, got.P90)
		require.Equal(t, want.DiscountedP90, got.DiscountedP90)
		require.InDelta(t, want.Mean, got.Mean, 1e-12)
		require.InDelta(t, want.SD, got.SD, 1e-12)
		require.InDelta(t, want.DiscountedMean, got.DiscountedMean, 1e-9)
	})
}

// TestStatisticsByHand: of 1, 2, .. 10 the 90th percentile is 9; with the
// value 10 as the only fresh one, its weight moves the discounted figures.
func TestStatisticsByHand(t *testing.T) {
	t.Parallel()
	var r Reservoir
	require.Equal(t, Statistics{}, r.Statistics(), "an empty reservoir")
	rng := rand.New(farSlots{})
	for v := 1.0; v <= 9; v++ {
		r.Insert(0, v, rng)
	}
	r.Insert(20, 10, rng)
	s := r.Statistics()
	old := math.Pow(0.9, 20)
	require.Equal(t, 10, r.Len())
	require.InDelta(t, 5.5, s.Mean, 1e-15)
	require.InDelta(t, math.Sqrt(8.25), s.SD, 1e-15)
	require.Equal(t, 9.0, s.P90)
	require.InDelta(t, (45*old+10)/(9*old+1), s.DiscountedMean, 1e-12)
	require.Equal(t, 10.0, s.DiscountedP90)
	r.Reset()
	require.Equal(t, Statistics{}, r.Statistics(), "after Reset")
}

// farSlots is a source whose slots are always the last one.
type farSlots struct{}

func (farSlots) Uint64() uint64 { return math.MaxUint64 }

// TestFullReservoirStaysFull: sorted, and never beyond its slots.
func TestFullReservoirStaysFull(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	var r Reservoir
	for n := range 5000 {
		r.Insert(float64(n), rng.Float64(), rng)
		require.LessOrEqual(t, r.Len(), Slots)
		require.True(t, slices.IsSorted(r.value[:r.n]))
	}
	require.Equal(t, Slots, r.Len())
}
