package overhead

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env/testbed/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needsLink skips a test where no link can be made, and says why.
func needsLink(t *testing.T) {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip(err)
	}
}

// median returns that of a result's round-trip times.
func median(r *Result) time.Duration {
	slices.Sort(r.Times)
	return r.Times[len(r.Times)/2]
}

// TestMeasure: an idle link answers at once; one that has more to carry than its rate carries
// its rate, and an echo waits for about the queue; one of few messages is between.
func TestMeasure(t *testing.T) {
	needsLink(t)
	turns := 0
	c := Config{Rate: 2e7, Queue: 50000, Period: 50 * time.Millisecond, Rounds: 2, Echoes: 60, Interval: 2 * time.Millisecond,
		Loads: []Load{{}, {Agents: 2, Bytes: 1000}, {Agents: 3, Bytes: 100000}}, Progress: func() { turns++ }}
	list, err := Measure(t.Context(), c)
	if errors.Is(err, lab.ErrUnsupported) {
		t.Skip(err) // the kernel has no tbf
	}
	require.NoError(t, err)
	require.Equal(t, 6, turns)
	require.Len(t, list, 3)
	for k := range list {
		require.Equal(t, c.Loads[k], list[k].Load)
		require.Equal(t, c.Rounds*c.Echoes, len(list[k].Times)+list[k].Lost)
		require.NotEmpty(t, list[k].Times)
		require.Positive(t, slices.Min(list[k].Times))
	}
	idle, few, full := &list[0], &list[1], &list[2]
	require.Zero(t, idle.Sent)
	require.Zero(t, idle.Lost)
	require.InEpsilon(t, few.Load.Bits(c.Period), few.Sent, 0.5)
	require.Less(t, full.Sent, 1.05*c.Rate, "the rate is the link's")
	require.Greater(t, full.Sent, 0.5*c.Rate)
	full20 := time.Duration(8 * float64(c.Queue) / c.Rate * float64(time.Second)) // 20 ms
	require.Less(t, median(idle), full20/4)
	require.Greater(t, median(full), full20/4)
	require.Less(t, median(full), 20*full20)
}

// TestNothingIsLeft: the link goes away again, when its measurement is broken off, too.
func TestNothingIsLeft(t *testing.T) {
	needsLink(t)
	c := Config{Rate: 1e7, Queue: minQueue, Period: 10 * time.Millisecond, Rounds: 5, Echoes: 20, Interval: time.Millisecond, Loads: []Load{{Agents: 1, Bytes: 100}}}
	x, err := newLink(&c)
	if errors.Is(err, lab.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	number := x.lab.Number()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rounds := 0
	for err == nil {
		var r Result
		r.Load = c.Loads[0]
		_, err = x.round(ctx, &c, &r)
		if rounds++; rounds == 2 {
			cancel()
		}
	}
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, x.close())
	tools, err := lab.Find(false)
	require.NoError(t, err)
	names, living, err := lab.Left(tools, number)
	require.NoError(t, err)
	require.True(t, living || len(names) == 0, "%v", names) // another test may have the number by now
}
