//go:build linux

package haproxy

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTwoWriters: an operator's program that insists on a weight of its own, as the controller
// of haproxy-ingress#442 does, meets a plane whose weights are written again and again. If the
// plane yields, each has written the weight once and it stays. If it re-asserts, there is a
// fight, in which the plane writes no more often than the other.
func TestTwoWriters(t *testing.T) {
	lasts := time.Second
	if text := os.Getenv("FAIRLB_TWO_WRITERS"); text != "" {
		var err error
		lasts, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	for _, conflict := range []string{conflictYield, conflictReassert} {
		t.Run(conflict, func(t *testing.T) {
			l := newLab(t, 2, "http", "balance roundrobin")
			cfg := l.settings()
			cfg.Conflict = conflict
			p := open(t, cfg)
			knowBoth(t, l, p)
			require.NoError(t, p.Write([]float64{2, 1}))
			require.Equal(t, []int{256, 128}, l.weights())
			const insisted = 7
			theirs, ours, was := 0, 0, 256
			for begin := time.Now(); time.Since(begin) < lasts; time.Sleep(5 * time.Millisecond) {
				require.NoError(t, p.Write([]float64{2, 1}))
				now := l.weights()[0]
				if now != was && now != insisted {
					ours++
				}
				if was = now; now != insisted {
					_, err := l.command("set server web/s0 weight 7")
					require.NoError(t, err)
					theirs, was = theirs+1, insisted
				}
			}
			t.Logf("%s, %s: the other writer wrote %d times, the plane %d times", conflict, lasts, theirs, ours)
			require.LessOrEqual(t, ours, theirs)
			if conflict == conflictYield {
				require.Equal(t, 1, theirs)
				require.Zero(t, ours)
				require.Equal(t, insisted, l.weights()[0])
				return
			}
			require.Greater(t, theirs, 1)
			require.Eventually(t, func() bool { return l.weights()[0] == 256 }, 20*time.Second, 5*time.Millisecond, "who insists less is written over")
		})
	}
}
