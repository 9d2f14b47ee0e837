package dispatch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// onProbation is the rule of two servers whose mean completion time is 1 s.
func onProbation(t *testing.T) (*SelfTuning, *View) {
	t.Helper()
	r, err := NewSelfTuning(lbOf(2, 0), DefaultSelfTuning())
	require.NoError(t, err)
	for j := range 2 {
		r.Completed(Completion{Server: j, Now: 1, Duration: 1, Ongoing: 1})
	}
	v := NewView(2)
	v.Now = 1
	return r, &v
}

// fail lets a request that was sent at the time sent fail now, the last one on server 0
// unless more are left.
func fail(r *SelfTuning, v *View, sent float64, left int32) {
	r.Completed(Completion{Server: 0, Now: v.Now, Duration: v.Now - sent, Ongoing: left + 1, Failed: true})
	v.Ongoing[0] = left
	v.note(0)
}

// pickAt picks at a time, when server 1 has many more requests than server 0.
func pickAt(r *SelfTuning, v *View, now float64) int {
	v.Now = now
	v.Ongoing[1] = 50
	v.Invalidate()
	pick := r.Pick(v)
	v.Ongoing[pick]++
	return pick
}

// TestProbation: a server that fails a request waits for the mean completion time,
// then gets a single one; each failure of that doubles the wait, and a success ends it.
func TestProbation(t *testing.T) {
	t.Parallel()
	r, v := onProbation(t)
	require.Zero(t, pickAt(r, v, 2))
	fail(r, v, 2, 0)
	end := 2.0
	for _, wait := range []float64{1, 2, 4, 8} {
		require.Equal(t, 1, pickAt(r, v, end+wait-0.01), "it waits")
		require.Equal(t, 0, pickAt(r, v, end+wait), "it is tried")
		require.Equal(t, 1, pickAt(r, v, end+wait), "with one request")
		require.Equal(t, 1, pickAt(r, v, end+wait+0.5), "until that has ended")
		v.Now = end + wait + 0.5
		fail(r, v, end+wait, 0)
		end = v.Now
	}
	require.Equal(t, 0, pickAt(r, v, end+16))
	r.Completed(Completion{Server: 0, Now: end + 17, Duration: 1, Ongoing: 1})
	require.Equal(t, 0, pickAt(r, v, end+17))
	require.Equal(t, 0, pickAt(r, v, end+17), "as many as it can take")
	require.EqualValues(t, 4, r.probation.records[0].number, "a success takes one of five back")
}

// TestProbationOfAStop: a server that stops fails all it has, which is one failure.
func TestProbationOfAStop(t *testing.T) {
	t.Parallel()
	r, v := onProbation(t)
	for range 5 {
		require.Zero(t, pickAt(r, v, 2))
	}
	v.Now = 3
	for left := int32(4); left >= 1; left-- {
		fail(r, v, 2, left)
	}
	require.EqualValues(t, 1, r.probation.records[0].number)
	fail(r, v, 2, 0) // the last one that it had counts: had it been the trial, nothing else would end that
	require.EqualValues(t, 2, r.probation.records[0].number)
	require.Equal(t, 1, pickAt(r, v, 4.9))
	require.Equal(t, 0, pickAt(r, v, 5))
}

// TestProbationOfAll: where all servers are on probation they are picked by their
// scores as before.
func TestProbationOfAll(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 30} {
		r, err := NewSelfTuning(lbOf(n, 0), DefaultSelfTuning())
		require.NoError(t, err)
		v := NewView(n)
		v.Now = 1
		r.Completed(Completion{Server: 0, Now: 1, Duration: 1, Ongoing: 1})
		for j := range n {
			r.Completed(Completion{Server: j, Now: 1, Ongoing: 1, Failed: true})
		}
		for k := range 3 * n {
			v.Sent(r.Pick(&v))
			require.EqualValues(t, (k+1+n-1)/n, v.Ongoing[0], "in turns")
		}
		r.Completed(Completion{Server: 2, Now: 1, Duration: 1, Ongoing: 4})
		v.Ended(2, 1)
		for range 20 {
			require.Equal(t, 2, r.Pick(&v), "the only one that is not on probation")
			v.Sent(2)
		}
	}
}

// TestProbationEndsOut: a server that was out comes back without a trace.
func TestProbationEndsOut(t *testing.T) {
	t.Parallel()
	r, v := onProbation(t)
	require.Zero(t, pickAt(r, v, 2))
	fail(r, v, 2, 0)
	v.SetOut(0, true)
	require.Equal(t, 1, pickAt(r, v, 2.1))
	v.SetOut(0, false)
	require.Equal(t, 0, pickAt(r, v, 2.2))
	require.Equal(t, 0, pickAt(r, v, 2.2))
	require.Zero(t, r.probation.records[0].number)
}

// TestProbationWithoutATime: before any request has succeeded there is no time to
// wait for; a server is tried with one request at a time.
func TestProbationWithoutATime(t *testing.T) {
	t.Parallel()
	r, err := NewSelfTuning(lbOf(2, 0), DefaultSelfTuning())
	require.NoError(t, err)
	v := NewView(2)
	fail(r, &v, 0, 0)
	require.Equal(t, 0, pickAt(r, &v, 0))
	require.Equal(t, 1, pickAt(r, &v, 0))
	fail(r, &v, 0, 0) // sent at the very moment at which the probation began
	require.Equal(t, 0, pickAt(r, &v, 0))
}

// TestProbationOldNews: a request that fails after a later one has succeeded says
// nothing of the server as it is now.
func TestProbationOldNews(t *testing.T) {
	t.Parallel()
	r, v := onProbation(t)
	require.Zero(t, pickAt(r, v, 2))
	require.Zero(t, pickAt(r, v, 3))
	r.Completed(Completion{Server: 0, Now: 4, Duration: 1, Ongoing: 2})
	v.Now = 42
	fail(r, v, 2, 0)
	require.Zero(t, r.probation.records[0].number)
	require.Zero(t, pickAt(r, v, 42))
	v.Now = 43
	fail(r, v, 42, 0)
	require.EqualValues(t, 1, r.probation.records[0].number)
}
