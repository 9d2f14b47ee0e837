package complexity_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/theory/complexity"
)

// made is a measurement whose times and bytes are functions of the sizes, of so many
// rounds, whose times differ by a factor e^(noise z) each, z standard normal.
func made(rounds int, noise float64, ns func(operation string, s complexity.Sizes) float64, bytes func(complexity.Sizes) int) *complexity.Measurement {
	rng := rand.New(rand.NewPCG(1, 2))
	m := &complexity.Measurement{Machine: "none"}
	for _, c := range complexity.Grid() {
		for _, name := range complexity.Operations() {
			t := complexity.Timing{Operation: name, Cell: c, Bytes: bytes(c.Sizes)}
			for range rounds {
				t.Nanoseconds = append(t.Nanoseconds, ns(name, c.Sizes)*math.Exp(noise*rng.NormFloat64()))
			}
			m.Timings = append(m.Timings, t)
		}
	}
	return m
}

func cube(x int) float64 { return float64(x) * float64(x) * float64(x) }

// TestExponents: the exponents of powers are found, exactly without noise, and inside of
// their intervals with it.
func TestExponents(t *testing.T) {
	t.Parallel()
	power := func(_ string, s complexity.Sizes) float64 {
		return 30 * math.Sqrt(float64(s.Samples)) * float64(s.Servers) * cube(s.Level)
	}
	want := map[complexity.Parameter]float64{complexity.Samples: 0.5, complexity.Servers: 1, complexity.Level: 3}
	one := func(complexity.Sizes) int { return 1 }
	exact, noisy := made(3, 0, power, one), made(21, 0.1, power, one)
	require.NoError(t, exact.Check())
	for _, name := range complexity.Operations() {
		for p, exponent := range want {
			g := exact.TimeGrowth(name, p)
			require.InDelta(t, exponent, g.Exponent, 1e-9)
			require.InDelta(t, 0, g.Half(), 1e-9)
			g = noisy.TimeGrowth(name, p)
			require.InDelta(t, exponent, g.Exponent, 0.1)
			require.Positive(t, g.Half())
			require.Less(t, g.Half(), 0.2)
		}
	}
}

// TestUpperRange: what is constant at small sizes and linear at large ones is linear.
func TestUpperRange(t *testing.T) {
	t.Parallel()
	m := made(3, 0, func(_ string, s complexity.Sizes) float64 { return math.Max(100, float64(s.Servers)) }, func(complexity.Sizes) int { return 1 })
	require.InDelta(t, 1, m.TimeGrowth("add a server", complexity.Servers).Exponent, 1e-9)
	require.InDelta(t, 0, m.TimeGrowth("add a server", complexity.Samples).Exponent, 1e-9)
}

// TestIntervalOfTheMedian: it holds the exponent in 95 % of measurements or more.
func TestIntervalOfTheMedian(t *testing.T) {
	t.Parallel()
	held, trials := 0, 0
	for _, rounds := range []int{9, 11, 13, 15, 17, 19, 21, 23} {
		m := made(rounds, 0.3, func(string, complexity.Sizes) float64 { return 20 }, func(complexity.Sizes) int { return 1 })
		for _, name := range complexity.Operations() { // each with noise of its own
			for _, p := range complexity.Parameters() {
				g := m.TimeGrowth(name, p)
				trials++
				if g.Low <= 0 && 0 <= g.High {
					held++
				}
			}
		}
	}
	require.GreaterOrEqual(t, float64(held)/float64(trials), 0.95)
	require.Less(t, held, trials, "an interval that always holds is too wide")
}

// TestMemoryGrowth: constant parts do not hide a lesser linear one.
func TestMemoryGrowth(t *testing.T) {
	t.Parallel()
	m := made(1, 0, func(string, complexity.Sizes) float64 { return 1 }, func(s complexity.Sizes) int { return 1_000_000 + 3*s.Samples + s.Level*s.Level })
	for p, want := range map[complexity.Parameter]float64{complexity.Samples: 1, complexity.Servers: 0, complexity.Level: 2} {
		require.InDelta(t, want, m.MemoryGrowth("add a server", p), 1e-9, p)
	}
	v := m.MemoryVerdict("add a server", complexity.Bound{Grows: []complexity.Parameter{complexity.Samples, complexity.Servers}})
	require.Equal(t, complexity.Verdict{More: []complexity.Parameter{complexity.Level}, Less: []complexity.Parameter{complexity.Servers}}, v)
	require.False(t, v.Holds())
}

// TestTimeVerdict: constant and linear are told apart, a bound holds if less is there,
// and what noise hides is neither.
func TestTimeVerdict(t *testing.T) {
	t.Parallel()
	claim := complexity.Bound{Grows: []complexity.Parameter{complexity.Level}}
	ns := func(_ string, s complexity.Sizes) float64 { return 20 * float64(s.Servers) }
	one := func(complexity.Sizes) int { return 1 }
	v := made(21, 0.05, ns, one).TimeVerdict("read all, nothing new", claim)
	require.Equal(t, complexity.Verdict{More: []complexity.Parameter{complexity.Servers}, Less: []complexity.Parameter{complexity.Level}}, v)
	require.False(t, v.Holds())

	constant := func(string, complexity.Sizes) float64 { return 20 }
	require.True(t, made(21, 0.05, constant, one).TimeVerdict("read all, nothing new", claim).Holds())
	v = made(5, 2, constant, one).TimeVerdict("read all, nothing new", complexity.Bound{})
	require.NotEmpty(t, v.Unsure)
	require.False(t, v.Holds(), "what is not known does not hold")

	linear := func(_ string, s complexity.Sizes) float64 { return 20 * float64(s.Level) }
	m, less := made(5, 0.4, linear, one), 0
	for _, name := range complexity.Operations() {
		g := m.TimeGrowth(name, complexity.Level)
		if g.Low < 0.75 && g.High > 0.75 {
			less++
			require.Empty(t, m.TimeVerdict(name, claim).Less, "it may be as claimed")
		}
	}
	require.Positive(t, less)
}

// TestCheck: what is missing is named.
func TestCheck(t *testing.T) {
	t.Parallel()
	constant := func(string, complexity.Sizes) float64 { return 20 }
	one := func(complexity.Sizes) int { return 1 }
	for _, c := range []struct {
		message string
		spoil   func(m *complexity.Measurement)
	}{
		{"make a region, at the testbed's sizes", func(m *complexity.Measurement) { m.Timings = m.Timings[1:] }},
		{"over m, has", func(m *complexity.Measurement) { m.Timings = m.Timings[:len(m.Timings)-56] }},
		{"is there twice", func(m *complexity.Measurement) { m.Timings = append(m.Timings, m.Timings[len(m.Timings)-1]) }},
		{"1 rounds, not 2", func(m *complexity.Measurement) { m.Timings[9].Nanoseconds = m.Timings[9].Nanoseconds[:1] }},
		{"times must be above 0", func(m *complexity.Measurement) { m.Timings[9].Nanoseconds[0] = 0 }},
		{"times must be above 0", func(m *complexity.Measurement) { m.Timings[9].Nanoseconds[0] = math.NaN() }},
		{"times must be above 0", func(m *complexity.Measurement) { m.Timings[9].Nanoseconds[0] = math.Inf(1) }},
		{"sizes and bytes must be above 0", func(m *complexity.Measurement) { m.Timings[9].Bytes = 0 }},
		{"over k, has", func(m *complexity.Measurement) { *m = complexity.Measurement{Timings: m.Timings[:14]} }},
	} {
		m := made(2, 0, constant, one)
		require.NoError(t, m.Check())
		c.spoil(m)
		err := m.Check()
		require.ErrorIs(t, err, complexity.ErrIncomplete)
		require.ErrorContains(t, err, c.message)
	}
}

// TestGrid: one parameter at a time differs from the base, and there is room for all.
func TestGrid(t *testing.T) {
	t.Parallel()
	base := complexity.Base()
	for k, c := range complexity.Grid() {
		require.GreaterOrEqual(t, c.Slots, c.Servers)
		if k == 0 {
			require.Equal(t, complexity.Testbed(), c.Sizes)
			continue
		}
		for _, p := range complexity.Parameters() {
			if p != c.Varied {
				require.Equal(t, base.Of(p), c.Of(p))
			}
		}
	}
}
