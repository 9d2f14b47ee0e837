package workload

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSummariseTraceByHand(t *testing.T) {
	t.Parallel()
	// Seconds from the start hold 3, 0 and 1 requests; the last is not whole.
	path := filepath.Join(t.TempDir(), "x.tsv")
	text := "time\tquery\n10\t/?n=1\n10.25\t/?n=3\n10.5\t/?n=2\n12.5\t/?n=2\n13.0\t/?n=2\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	s, err := SummariseTrace(path, nil)
	require.NoError(t, err)
	require.Equal(t, 5, s.Requests)
	require.Equal(t, 10.0, s.Start)
	require.Equal(t, 3.0, s.Duration)
	require.InDelta(t, 4./3, s.Rate, 1e-12)
	require.Equal(t, 3.0, s.PeakRate)
	require.InDelta(t, 2.0, s.MeanN, 1e-12)
	require.InDelta(t, 0.7071067811865476/2, s.CVN, 1e-12) // sample variance 1/2
	require.Equal(t, 3.0, s.MaxN)
	require.InDelta(t, (7./3)/(4./3), s.Dispersion, 1e-12) // of 3, 0, 1
	require.InDelta(t, 1.1221672153735642, s.GapCV, 1e-12) // of 0.25, 0.25, 2, 0.5
}

// TestSummariseTraceOfPoisson: both measures of burstiness are near 1.
func TestSummariseTraceOfPoisson(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("time\tquery\n")
	rng, now := rand.New(rand.NewPCG(1, 1)), 0.0
	for range 20_000 {
		now += rng.ExpFloat64() / 50
		fmt.Fprintf(&b, "%g\t/?n=%d\n", now, rng.IntN(10))
	}
	path := filepath.Join(t.TempDir(), "x.tsv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o666))
	s, err := SummariseTrace(path, nil)
	require.NoError(t, err)
	require.InDelta(t, 50, s.Rate, 1)
	require.InDelta(t, 1, s.GapCV, 0.03)
	require.InDelta(t, 1, s.Dispersion, 0.25)
	require.InDelta(t, 4.5, s.MeanN, 0.1)
}

func TestSummariseTraceWithoutRequests(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.tsv")
	require.NoError(t, os.WriteFile(path, []byte("time\tquery\n"), 0o666))
	s, err := SummariseTrace(path, nil)
	require.NoError(t, err)
	require.Equal(t, TraceSummary{}, s)
	_, err = SummariseTrace(path+".none", nil)
	require.Error(t, err)
}
