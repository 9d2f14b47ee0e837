package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTraceDoubts: a trace that is too short, and episodes that share arrivals, are
// said with their figures; nothing else is.
func TestTraceDoubts(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("time\tquery\n")
	for i := range 301 { // 30 s from second 1000 on
		fmt.Fprintf(&b, "%g\t/?n=1\n", 1000+float64(i)/10)
	}
	path := filepath.Join(t.TempDir(), "t.tsv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	const (
		same   = "workload.window begin: all 4 episodes replay the same arrivals and are one workload, not 4 (random and blocks draw others)"
		short  = "the trace PATH is 30 s long (301 requests), an episode 40 s: no requests come in the last 10 s (workload.repeat=true begins the trace again)"
		some   = "the trace PATH is 30 s long (301 requests), an episode 40 s: in some no requests come in the last 10 s (workload.repeat=true begins the trace again)"
		shared = "4 episodes of %g s are taken from a trace of 30 s, %s times as long together: they share arrivals, and intervals over them are for this trace, narrower than for others like it"
	)
	for _, test := range []struct {
		set  []string
		want []string
	}{
		{[]string{"duration=30"}, []string{same}},
		{[]string{"duration=30.5"}, []string{same}}, // the next request might have come then
		{[]string{"duration=40"}, []string{same, short}},
		{[]string{"duration=40", "workload.repeat=true"}, []string{same}},
		{[]string{"duration=60", "workload.speed_up=0.5"}, []string{same}},
		{[]string{"duration=7", "workload.window=random"}, nil},
		{[]string{"duration=10", "workload.window=random"}, []string{fmt.Sprintf(shared, 10.0, "1.33")}},
		{[]string{"duration=40", "workload.window=random"}, []string{some, fmt.Sprintf(shared, 40.0, "5.33")}},
		{[]string{"duration=40", "workload.window=blocks", "workload.block=2"}, []string{fmt.Sprintf(shared, 40.0, "5.33")}},
	} {
		s := load(t, "for-loop", append(test.set, "workload.trace="+path)...)
		var want []string
		for _, w := range test.want {
			want = append(want, strings.ReplaceAll(w, "PATH", path))
		}
		require.Equal(t, want, s.EvaluationDoubts(4), test.set)
	}
	random := load(t, "for-loop", "workload.trace="+path, "duration=40", "workload.window=random")
	require.Equal(t, []string{strings.ReplaceAll(some, "PATH", path)}, random.TrainingDoubts(4))
	one := load(t, "for-loop", "workload.trace="+path, "duration=30")
	require.Empty(t, one.EvaluationDoubts(1))
	require.True(t, one.SameArrivals())
	none := load(t, "for-loop", "workload.trace=none.tsv")
	require.Len(t, none.EvaluationDoubts(4), 1)
	synthetic := load(t, "for-loop")
	require.False(t, synthetic.SameArrivals())
	require.Empty(t, synthetic.EvaluationDoubts(4))
}

// TestContentionDoubts: contention that leaves the servers less than what arrives, once
// all workers are busy, is said; where they have less anyway, or enough, it is not.
func TestContentionDoubts(t *testing.T) {
	t.Parallel()
	doubts := func(set ...string) []string {
		s := load(t, "sim-moderate/pure-cpu", append(set, "cpu.workers=12")...)
		require.Equal(t, s.EvaluationDoubts(4), s.TrainingDoubts(4))
		return s.EvaluationDoubts(4)
	}
	const sharing = "cpu.discipline=processor-sharing"
	require.Empty(t, doubts(sharing))
	require.Empty(t, doubts(sharing, "cpu.contention=0.01"))
	require.Empty(t, doubts("cpu.contention=0.1"), "under fifo no tasks contend")
	require.Empty(t, doubts(sharing, "cpu.contention=0.1", "workload.arrivals.load=1.2"))
	// 4 / (1 + 0.1 * 11) + 8 / (1 + 0.1 * 10) of the 12 s that the processors can do.
	require.Equal(t, []string{"cpu.contention: with all workers busy the servers do 5.9 s of CPU a second, and 10.1 s arrive: an overload, once begun, need not end"},
		doubts(sharing, "cpu.contention=0.1"))
}
