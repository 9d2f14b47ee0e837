package dispatch

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTrialsAreInherited: a server keeps its stage and what is remembered of it at another
// index, and a new one has neither.
func TestTrialsAreInherited(t *testing.T) {
	t.Parallel()
	from := []int{-1, 1, 0}

	old := newProbation(2)
	old.fail(Completion{Server: 0, Now: 5, Duration: 1, Ongoing: 1, Failed: true}, 2)
	old.succeed(1, 3)
	p := newProbation(3)
	p.fail(Completion{Server: 0, Now: 5, Duration: 1, Ongoing: 1, Failed: true}, 2)
	p.inherit(&old, from)
	inf := math.Inf(1)
	require.Equal(t, []trial{{trusted, inf}, {trusted, inf}, {waiting, 7}}, p.servers)
	require.Equal(t, []strikes{{}, {success: 3}, {number: 1, since: 5}}, p.records)
	require.Equal(t, 2, p.endWait(7))
	require.Equal(t, -1, p.endWait(1e9))

	dying := newAccrual(2, 0, accrualConfig{Failures: 2, Backoff: 4, Longest: 4})
	dying.ends(0, 1, true)
	dying.ends(0, 1, true)
	dying.ends(1, 1, true)
	a := newAccrual(3, 0, dying.cfg)
	a.ends(0, 1, true)
	a.inherit(&dying, from)
	require.Equal(t, []trial{{trusted, inf}, {trusted, inf}, {waiting, 5}}, a.servers)
	require.Equal(t, []accrued{{}, {row: 1}, {row: 2, deaths: 1, total: 1}}, a.records)
}

// TestProbeFailsAfterASuccess: where a request that was sent before has ended well since, a
// single failed probe is not enough in a row, and the server gets another one.
func TestProbeFailsAfterASuccess(t *testing.T) {
	t.Parallel()
	a := newAccrual(1, 0, finagleAccrual())
	for range 5 {
		a.ends(0, 1, true)
	}
	a.ends(0, 2, false) // sent before
	require.True(t, a.holds(0), "a success that is no probe's does not make it alive")
	require.Zero(t, a.endWait(6))
	require.True(t, a.sent(0))
	require.True(t, a.holds(0))
	require.True(t, a.ends(0, 7, true))
	require.False(t, a.holds(0))
	require.True(t, a.sent(0), "another probe")
}

// TestPossibleTrials: whoever waits does so until some time, and nobody else does.
func TestPossibleTrials(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	for _, x := range []trial{{trusted, inf}, {waiting, 0}, {awaitsRequest, inf}, {onTrial, inf}} {
		require.True(t, x.possible(), "%v", x)
	}
	for _, x := range []trial{{trusted, 3}, {waiting, inf}, {waiting, -1}, {onTrial, 3}, {onTrial + 1, inf}, {waiting, math.NaN()}} {
		require.False(t, x.possible(), "%v", x)
	}
}
