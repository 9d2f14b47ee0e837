package rewards_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/rewards"
)

// fairness are the rewards that read loads: all but "ongoing".
func fairness() []string {
	var names []string
	for _, name := range rewards.Names() {
		if name != "ongoing" {
			names = append(names, name)
		}
	}
	return names
}

// equalSplit is the vector with the total of l in equal parts.
func equalSplit(l []float64) []float64 {
	sum := 0.0
	for _, x := range l {
		sum += x
	}
	out := make([]float64, len(l))
	for j := range out {
		out[j] = sum / float64(len(l))
	}
	return out
}

func largest(l []float64) float64 {
	top := 0.0
	for _, x := range l {
		top = max(top, x)
	}
	return top
}

// Among vectors of one total, every fairness is largest at the equal split,
// which also has the least makespan: the true core of Props. 12 and 13.
func TestEqualSplitIsFairest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := loads(rapid.IntRange(1, 12).Draw(t, "n")).Draw(t, "l")
		equal := equalSplit(l)
		for _, name := range fairness() {
			r := reward(t, name)
			best := r.Of(equal, nil)
			require.LessOrEqual(t, r.Of(l, nil), best+1e-9*(1+math.Abs(best)), name)
		}
		require.LessOrEqual(t, largest(equal), largest(l)*(1+1e-12))
	})
}

// Prop. 12: with the total C fixed, VBF is 0 at the equal split only, and by
// eq. 24 -VBF <= (max l)^2 - C^2/N^2.
func TestProp12(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		l := loads(n).Draw(t, "l")
		m := equalSplit(l)[0]
		top := largest(l)
		require.LessOrEqual(t, -rewards.VBF(l), top*top-m*m+1e-9*(1+top*top))
		require.Zero(t, rewards.VBF(rapid.SliceOfN(rapid.Just(m), n, n).Draw(t, "equal")))
		if top > m*(1+1e-6) && top > 1e-100 { // below, the square underflows
			require.Negative(t, rewards.VBF(l))
		}
	})
}

// The converse does not hold away from the maximiser: of two vectors of one
// total, the one with the larger VBF may have the larger makespan.
func TestVBFDoesNotOrderMakespans(t *testing.T) {
	t.Parallel()
	even, uneven := []float64{3, 3, 0}, []float64{3.9, 1.05, 1.05}
	require.Greater(t, rewards.VBF(uneven), rewards.VBF(even))
	require.Less(t, rewards.MS(uneven), rewards.MS(even))
}

// Prop. 13, mended: PBF lies in [0, 1], is 1 where all loads are equal and
// only there, and depends on ratios alone.
func TestProp13(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		l := loads(n).Draw(t, "l")
		f := rewards.PBF(l)
		require.GreaterOrEqual(t, f, 0.0)
		require.LessOrEqual(t, f, 1.0)
		equal := true
		for _, x := range l {
			equal = equal && x == l[0]
		}
		require.Equal(t, equal, f == 1)
		require.Equal(t, 1.0, rewards.PBF(equalSplit(l)))

		scale := math.Exp2(float64(rapid.IntRange(-20, 20).Draw(t, "log2 scale")))
		scaled := make([]float64, n)
		for j, x := range l {
			scaled[j] = scale * x
		}
		for name, reward := range map[string]func([]float64) float64{
			"pbf": rewards.PBF, "jain": rewards.Jain, "cv": rewards.CV,
		} {
			require.InDelta(t, reward(l), reward(scaled), 1e-9, name)
		}
	})
}

// Prop. 13 as printed, prod l_j / max l, is not a measure of fairness: it
// prefers more work, unevenly spread, to less work in equal parts.
func TestPrintedPBFRewardsLoad(t *testing.T) {
	t.Parallel()
	printed := func(l []float64) float64 {
		product := 1.0
		for _, x := range l {
			product *= x
		}
		return product / largest(l)
	}
	fair, unfair := []float64{1, 1, 1}, []float64{4, 2, 2}
	require.Greater(t, printed(unfair), printed(fair))
	require.Less(t, rewards.PBF(unfair), rewards.PBF(fair))
}

// Moving work from a server to a less loaded one, no further than equality,
// is never less fair.
func TestTransferIsFairer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		l := loads(n).Draw(t, "l")
		from := rapid.IntRange(0, n-1).Draw(t, "from")
		to := (from + rapid.IntRange(1, n-1).Draw(t, "to")) % n
		if l[from] < l[to] {
			from, to = to, from
		}
		amount := rapid.Float64Range(0, 0.5).Draw(t, "part") * (l[from] - l[to])
		after := append([]float64(nil), l...)
		after[from] -= amount
		after[to] += amount
		for _, name := range fairness() {
			r := reward(t, name)
			was := r.Of(l, nil)
			require.GreaterOrEqual(t, r.Of(after, nil), was-1e-9*(1+math.Abs(was)), name)
		}
	})
}

func TestPermutationInvariance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		l, q := loads(n).Draw(t, "l"), loads(n).Draw(t, "q")
		order := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)).Perm(n)
		pl, pq := make([]float64, n), make([]float64, n)
		for to, from := range order {
			pl[to], pq[to] = l[from], q[from]
		}
		parts, permuted := make([]float64, n), make([]float64, n)
		for _, name := range rewards.Names() {
			for _, credit := range rewards.Credits() {
				r := reward(t, name).WithCredit(credit)
				want, got := r.ByServer(parts, l, q), r.ByServer(permuted, pl, pq)
				require.InDelta(t, want, got, 1e-9*(1+math.Abs(want)), name)
				for to, from := range order {
					require.InDelta(t, parts[from], permuted[to], 1e-9*(1+math.Abs(want)), name)
				}
			}
		}
	})
}

// covariance of two load vectors over the servers, in s^2.
func covariance(a, b []float64) float64 {
	n, sum, sumA, sumB := float64(len(a)), 0.0, 0.0, 0.0
	for j := range a {
		sumA, sumB = sumA+a[j], sumB+b[j]
	}
	for j := range a {
		sum += (a[j] - sumA/n) * (b[j] - sumB/n)
	}
	return sum / n
}

// Lemma 11, mended: the VBF of the whole pool, whose loads are those of LB i and
// of the others together, is F(l) = F_i(l_i) + F_-i(l_-i) - 2 cov(l_i, l_-i). So
// where LB i moves its load, what it gains differs from what the pool gains by
// 2 cov(l_i' - l_i, l_-i), and VBF is no exact potential.
func TestLemma11(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		before, after, others := loads(n).Draw(t, "l_i"), loads(n).Draw(t, "l_i'"), loads(n).Draw(t, "l_-i")
		all := func(own []float64) []float64 {
			sum := make([]float64, n)
			for j := range sum {
				sum[j] = own[j] + others[j]
			}
			return sum
		}
		parts := rewards.VBF(before) + rewards.VBF(others) - 2*covariance(before, others)
		require.InDelta(t, rewards.VBF(all(before)), parts, 1e-8)

		own := rewards.VBF(after) - rewards.VBF(before)
		pool := rewards.VBF(all(after)) - rewards.VBF(all(before))
		moved := make([]float64, n)
		for j := range moved {
			moved[j] = after[j] - before[j]
		}
		require.InDelta(t, own-pool, 2*covariance(moved, others), 1e-8)
	})
}

// Lemma 11 as printed has no covariance term: here it says that LB i gains as
// much as the pool, while LB i gains and the pool loses.
func TestPrintedLemma11Fails(t *testing.T) {
	t.Parallel()
	before, after := []float64{0, 2}, []float64{1, 1} // the others' are 2, 0
	own := rewards.VBF(after) - rewards.VBF(before)
	pool := rewards.VBF([]float64{3, 1}) - rewards.VBF([]float64{2, 2})
	require.Equal(t, 1.0, own)
	require.Equal(t, -1.0, pool)
}

// Every reward and each of its parts is finite, in float32 too, and every
// fairness stays within the bounds that its comment states.
func FuzzFinite(f *testing.F) {
	nasty := []float64{0, math.Copysign(0, -1), 1, -1, 5e-324, 1e-160, 1e-300, 1e15, 1e160,
		math.MaxFloat64, -math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1)}
	encode := func(values ...float64) []byte {
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
		return data
	}
	f.Add(encode())
	f.Add(encode(nasty...))
	for _, a := range nasty {
		f.Add(encode(a))
		for _, b := range nasty {
			f.Add(encode(a, b))
			f.Add(encode(a, a, b))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var l []float64
		for ; len(data) >= 8 && len(l) < 256; data = data[8:] {
			l = append(l, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		parts := make([]float64, len(l))
		for _, name := range rewards.Names() {
			for _, credit := range rewards.Credits() {
				r := reward(t, name).WithCredit(credit)
				for _, x := range append(parts, r.ByServer(parts, l, l)) {
					require.Falsef(t, math.IsNaN(x) || math.IsInf(float64(float32(x)), 0), "%s of %v is %g", name, l, x)
				}
			}
		}
		n := float64(max(1, len(l)))
		for name, bounds := range map[string][2]float64{
			"vbf": {math.Inf(-1), 0}, "pbf": {0, 1}, "jain": {1/n - 1e-12, 1},
			"cv": {-math.Sqrt(n-1) * (1 + 1e-9), 0}, "ms": {-rewards.MaxLoad, 0},
			"logvbf": {math.Inf(-1), -math.Log(rewards.VarEpsilon)},
			"logms":  {math.Inf(-1), -math.Log(rewards.LoadEpsilon)},
		} {
			x := reward(t, name).Of(l, nil)
			require.Truef(t, bounds[0] <= x && x <= bounds[1], "%s of %v is %g, outside %v", name, l, x, bounds)
		}
	})
}
