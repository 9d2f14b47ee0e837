package machine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	u, err := parse("cpu  100 200 300 1000 50 5 45 300 7 0\ncpu0 1 2\n")
	require.NoError(t, err)
	require.Equal(t, usage{total: 20, idle: 10.5, stolen: 3}, u)
	for _, text := range []string{"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7 x"} {
		_, err := parse(text)
		require.ErrorIs(t, err, errStat, text)
	}
}

func TestBetween(t *testing.T) {
	got := between(usage{10, 4, 1, 2}, usage{20, 9, 2, 3})
	require.InDelta(t, 0.3, got.Others, 1e-9)
	require.InDelta(t, 0.1, got.Stolen, 1e-9)
	require.Equal(t, Load{}, between(usage{}, usage{}))
}

// TestWatch: what this process uses is not others'.
func TestWatch(t *testing.T) {
	w := NewWatch()
	for begun := time.Now(); time.Since(begun) < 50*time.Millisecond; {
	}
	l := w.Load()
	require.True(t, l.Known)
	require.True(t, l.Others >= 0 && l.Others <= 1 && l.Stolen >= 0 && l.Stolen <= 1, "%+v", l)
}
