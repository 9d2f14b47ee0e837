package watch

import (
	"bytes"
	"context"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/testbedtest"
	"fairlb/results/runtrace"
	"fairlb/results/runtrace/frame"
)

// header is of one load balancer and two servers.
func header() runtrace.Header {
	return runtrace.Header{Scenario: "s", Target: "sed", Interval: 1, Duration: 4, LBs: 1, Servers: []runtrace.Server{{Name: "a", CPUs: 1}, {Name: "b", CPUs: 1}}}
}

// step is one whose first server has as many requests as its time.
func step(time int) runtrace.Step {
	return runtrace.Step{Time: float64(time), Queue: []int{time, 3}, Ended: runtrace.EndedOf([]float64{0.5}, 0)}
}

// lines is a trace whose lines appear at times (s) of a clock; the first is the header.
type lines struct {
	clock *testbedtest.Clock
	begun time.Time
	at    []float64
	steps []runtrace.Step
	next  int
}

func (l *lines) there(k int) bool { return l.clock.Now().Sub(l.begun).Seconds() >= l.at[k]-1e-9 }

func (l *lines) Header() (runtrace.Header, error) {
	if !l.there(0) {
		return runtrace.Header{}, io.EOF
	}
	return header(), nil
}

func (l *lines) Next() (runtrace.Step, error) {
	if l.next == len(l.steps) || !l.there(l.next+1) {
		return runtrace.Step{}, io.EOF
	}
	l.next++
	return l.steps[l.next-1], nil
}

// shown is a terminal that keeps when which frame was drawn.
type shown struct {
	clock  *testbedtest.Clock
	begun  time.Time
	times  []float64
	frames []string
}

func (s *shown) Write(p []byte) (int, error) {
	s.times, s.frames = append(s.times, math.Round(100*s.clock.Now().Sub(s.begun).Seconds())/100), append(s.frames, string(p))
	return len(p), nil
}

// followed follows lines that appear at those times (s), and returns what was shown.
func followed(t *testing.T, at []float64, steps []runtrace.Step, speed float64) *shown {
	t.Helper()
	clock := testbedtest.NewClock()
	source := &lines{clock: clock, begun: clock.Now(), at: at, steps: steps}
	out := &shown{clock: clock, begun: clock.Now()}
	to := &Terminal{Out: out, Size: func() frame.Size { return frame.Size{} }}
	require.NoError(t, Follow(t.Context(), to, source, speed, clock))
	return out
}

// TestWhole: a whole trace goes at the pace of its episode, or as much faster as is wanted.
func TestWhole(t *testing.T) {
	t.Parallel()
	end := step(2)
	end.End = true
	got := followed(t, make([]float64, 5), []runtrace.Step{step(0), step(1), step(2), end}, 2)
	require.Equal(t, []float64{0, 0.5, 1, 1, 1}, got.times)
	require.Contains(t, got.frames[0], hideCursor)
	require.Contains(t, got.frames[1], "\x1b[10F", "over the one before, whose lines are ten")
	require.Contains(t, got.frames[3], "2.00 of 4 s, ended")
	require.Equal(t, showCursor, got.frames[4])
}

// TestGrowing: of a trace that is still written the present is shown at once, then each step as it comes;
// silence is said.
func TestGrowing(t *testing.T) {
	t.Parallel()
	end := step(6)
	end.End = true
	got := followed(t, []float64{0.3, 0.3, 0.3, 2, 6, 6.2}, []runtrace.Step{step(0), step(1), step(2), step(6), end}, 1)
	require.Equal(t, []float64{0.3, 2, 4.05, 5, 6, 6.2, 6.2}, got.times)
	require.Contains(t, got.frames[0], "1.00 of 4 s")
	require.Contains(t, got.frames[2], "silent for 2 s")
	require.Contains(t, got.frames[3], "silent for 3 s")
	require.NotContains(t, got.frames[4], "silent")
	require.Contains(t, got.frames[5], "ended")
}

// TestInterrupted: whoever watches ends it, and that is no error; the cursor comes back.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	clock := testbedtest.NewClock()
	source := &lines{clock: clock, begun: clock.Now(), at: []float64{0, 0}, steps: []runtrace.Step{step(0)}}
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	size := func() frame.Size {
		if clock.Now().Sub(source.begun) > 3*time.Second {
			cancel()
		}
		return frame.Size{}
	}
	require.NoError(t, Follow(ctx, &Terminal{Out: &out, Size: size}, source, 1, clock))
	require.True(t, strings.HasSuffix(out.String(), showCursor))
}

// TestFault: a line that is none ends it.
func TestFault(t *testing.T) {
	t.Parallel()
	clock := testbedtest.NewClock()
	r := runtrace.NewReader("x", strings.NewReader("{}\n"))
	require.ErrorIs(t, Follow(t.Context(), &Terminal{Out: io.Discard}, r, 1, clock), runtrace.ErrMalformed)
}

// TestOne: a single frame is that of its moment, or the last.
func TestOne(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	w, err := runtrace.NewWriter(&file, header())
	require.NoError(t, err)
	for k := range 5 {
		s := step(k)
		require.NoError(t, w.Write(&s))
	}
	unfinished := file.String()
	require.NoError(t, w.Write(&runtrace.Step{Time: 4, End: true}))
	for text, last := range map[string]string{unfinished + `{"time_s":5`: "4.00 of 4 s", file.String(): "4.00 of 4 s, ended"} {
		for at, want := range map[float64]string{0: "0.00 of 4 s", 1.5: "1.00 of 4 s", 3: "3.00 of 4 s", math.NaN(): last} {
			var out bytes.Buffer
			require.NoError(t, One(&out, runtrace.NewReader("x", strings.NewReader(text)), at, frame.Size{}))
			require.Contains(t, out.String(), want+"\n")
			require.NotContains(t, out.String(), "\x1b")
		}
	}
	require.ErrorContains(t, One(io.Discard, runtrace.NewReader("x", strings.NewReader(unfinished)), 9, frame.Size{}), "--at 9: the trace goes from 0 to 4 s")
	for _, text := range []string{"", strings.SplitAfter(unfinished, "\n")[0]} {
		require.ErrorIs(t, One(io.Discard, runtrace.NewReader("x", strings.NewReader(text)), 1, frame.Size{}), runtrace.ErrMalformed)
	}
}

// TestColours: what waits is red, and nothing of the text is lost.
func TestColours(t *testing.T) {
	t.Parallel()
	require.Equal(t, bold+"a"+plain+"\n█"+red+"▒▒"+plain+" 3\n", coloured("a\n█▒▒ 3\n"))
}
