package observe

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSlottedAgainstNaive puts samples into slots at random, and compares the figures
// with those of a plain list.
func TestSlottedAgainstNaive(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, k := range []int{1, 2, 7, 128} {
		type sample struct{ time, value float64 }
		s, naive := NewSlotted(k), map[int]sample{}
		now := 0.0
		for i := range 2000 {
			now += rng.ExpFloat64() * 3 // beyond rebaseAfter in the end
			x := sample{now, float64(rng.IntN(20))}
			slot := rng.IntN(k)
			s.Put(slot, x.time, x.value)
			naive[slot] = x
			if i%50 != 0 {
				continue
			}
			var values []sample
			for j := range k {
				if x, ok := naive[j]; ok {
					values = append(values, x)
				}
			}
			slices.SortStableFunc(values, func(a, b sample) int { return int(a.value - b.value) })
			n, mean, weights, weighted := float64(len(values)), 0.0, 0.0, 0.0
			for _, x := range values {
				mean += x.value / n
				w := math.Pow(Discount, now-x.time)
				weights += w
				weighted += w * x.value
			}
			variance, below := 0.0, 0.0
			want := Statistics{Mean: mean, DiscountedMean: weighted / weights, P90: values[int(math.Ceil(0.9*n-1e-9))-1].value, DiscountedP90: -1}
			for _, x := range values {
				variance += (x.value - mean) * (x.value - mean) / n
				below += math.Pow(Discount, now-x.time)
				if want.DiscountedP90 < 0 && below >= 0.9*weights*(1-1e-12) {
					want.DiscountedP90 = x.value
				}
			}
			want.SD = math.Sqrt(variance)
			got := s.Statistics()
			require.Equal(t, len(values), s.Len())
			require.InDelta(t, want.Mean, got.Mean, 1e-9)
			require.InDelta(t, want.SD, got.SD, 1e-9)
			require.Equal(t, want.P90, got.P90)
			require.InDelta(t, want.DiscountedMean, got.DiscountedMean, 1e-9)
			require.Equal(t, want.DiscountedP90, got.DiscountedP90)
		}
		s.Reset()
		require.Zero(t, s.Statistics())
		s.Put(k-1, 1, 5)
		require.Equal(t, 5.0, s.Statistics().DiscountedMean)
	}
}

// TestSlottedIsAReservoir: the figures differ from a Reservoir's, whose weights are powers
// and whose sums are one after the other, by rounding alone: where values are spread, where
// they are large and hardly differ, and where they are all the same.
func TestSlottedIsAReservoir(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(rng *rand.Rand) float64{
		"spread": func(rng *rand.Rand) float64 { return math.Exp(5 * rng.NormFloat64()) },
		"large":  func(rng *rand.Rand) float64 { return 1e6 + 1e-3*rng.Float64() },
		"equal":  func(*rand.Rand) float64 { return 0.3 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(7, 8))
			s := NewSlotted(Slots)
			var times, values [Slots]float64
			now := 0.0
			for i := range 20000 {
				now += rng.ExpFloat64() // beyond rebaseAfter many times
				slot := rng.IntN(Slots)
				times[slot], values[slot] = now, draw(rng)
				s.Put(slot, now, values[slot])
				if i < 10*Slots || i%97 != 0 {
					continue
				}
				order := make([]int, Slots)
				for j := range order {
					order[j] = j
				}
				slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
				var value, weight [Slots]float64
				for j, from := range order {
					value[j], weight[j] = values[from], math.Pow(Discount, now-times[from])
				}
				want, got := statistics(value[:], weight[:]), s.Statistics()
				rounding := 1e-12 * value[Slots-1]
				require.InDelta(t, want.Mean, got.Mean, rounding)
				require.InDelta(t, want.SD, got.SD, rounding)
				require.Equal(t, want.P90, got.P90)
				require.InDelta(t, want.DiscountedMean, got.DiscountedMean, rounding)
				require.Equal(t, want.DiscountedP90, got.DiscountedP90)
			}
		})
	}
	require.InDelta(t, -math.Log(Discount), forgetting, 1e-16)
}
