package dispatch

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRelativeByHand: healths after intervals of given completion times and ages.
func TestRelativeByHand(t *testing.T) {
	t.Parallel()
	rule, err := New("d2", Options{Capacity: []float64{4, 2, 2}, LBs: 1})
	require.NoError(t, err)
	r := rule.(*Relative)
	v := NewView(3)
	v.Rand = rand.New(rand.NewPCG(1, 1))
	healths := func() []float64 { return []float64{r.servers[0].health, r.servers[1].health, r.servers[2].health} }
	end := func(server int, duration float64, times int) {
		for range times {
			r.Completed(Completion{Server: server, Now: v.Now, Duration: duration})
		}
	}
	pick := func(now float64) {
		v.Now = now
		r.Pick(&v)
	}

	end(0, 1, 8)
	end(1, 3, 2) // the pool's average is 14 / 10 s: 3 is above 1.3 times that
	pick(4.9)
	require.Equal(t, []float64{1, 1, 1}, healths(), "the interval has not ended")
	pick(5)
	require.InDeltaSlice(t, []float64{1, 0.8, 1}, healths(), 1e-12, "server 2 had none")
	require.InDeltaSlice(t, []float64{1 / 1.9, 0.4 / 1.9, 0.5 / 1.9}, probabilities(r.random), 1e-12)

	end(0, 1, 5)
	end(1, 1.2, 5) // of 1.1 s: between 1.1 and 1.3 times
	pick(10)
	require.InDeltaSlice(t, []float64{1, 0.85, 1}, healths(), 1e-12, "1.2 is within 1.1 times 1.1 s")
	end(0, 1, 8)
	end(1, 1.25, 2) // of 1.05 s
	pick(15.5)
	require.InDeltaSlice(t, []float64{1, 0.85, 1}, healths(), 1e-12, "neither")
	require.Equal(t, 20.0, r.next, "intervals are not shifted by when they are noticed")

	for k := range 6 { // an age alone says that server 2 is slow
		v.Now = 20 + 5*float64(k)
		end(0, 1, 100)
		if k == 0 {
			v.Counted(2, 10)
		}
		pick(v.Now)
	}
	require.InDeltaSlice(t, []float64{1, 0.85, 0.01}, healths(), 1e-9, "not 0")
	pick(50)
	require.InDelta(t, 0.06, r.servers[2].health, 1e-9, "nothing but its own request in the pool: it is the average")
}

// TestRelativeErrors: failures count where the constant says so.
func TestRelativeErrors(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]float64{"d2": 1, "d2:errors=0.2": 0.8, "d2:errors=0.3": 1} {
		rule, err := New(name, Options{Capacity: []float64{1, 1}, LBs: 1})
		require.NoError(t, err)
		v := NewView(2)
		v.Rand = rand.New(rand.NewPCG(1, 1))
		for k := range 8 {
			rule.(Completer).Completed(Completion{Server: k % 2, Now: 1, Duration: 1, Failed: k == 0})
		}
		v.Now = 6
		rule.Pick(&v)
		require.InDelta(t, want, rule.(*Relative).servers[0].health, 1e-12, name)
	}
}
