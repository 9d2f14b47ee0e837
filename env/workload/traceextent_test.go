package workload

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMeasureTrace: a trace that is read whole is measured exactly, and a longer
// one, plain or packed, is estimated.
func TestMeasureTrace(t *testing.T) {
	t.Parallel()
	path := traceFile(t, 5, 5.5, 6, 6, 9)
	x, err := MeasureTrace(path, 1)
	require.NoError(t, err)
	require.Equal(t, TraceExtent{Requests: 5, Length: 4, Head: 4, MeanN: x.MeanN}, x)
	empty := traceFile(t)
	x, err = MeasureTrace(empty, 1)
	require.NoError(t, err)
	require.Equal(t, TraceExtent{}, x)
	_, err = MeasureTrace(filepath.Join(t.TempDir(), "none.tsv"), 1)
	require.ErrorContains(t, err, "none.tsv: no such file")

	var text, packed bytes.Buffer
	text.WriteString("time\tquery\n")
	for k := range 40_000 {
		fmt.Fprintf(&text, "%.3f\t/dummy.php/?n=%d\n", 100+0.01*float64(k), 1+k*7919%9)
	}
	z := gzip.NewWriter(&packed)
	_, err = z.Write(text.Bytes())
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for name, data := range map[string][]byte{"t.tsv": text.Bytes(), "t.tsv.gz": packed.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, data, 0o666))
		x, err := measureTrace(path, 50, 20_000)
		require.NoError(t, err)
		require.InEpsilon(t, 40_000, x.Requests, 0.1, name)
		require.InEpsilon(t, 400, x.Length, 0.1, name)
		require.InDelta(t, 5001, x.Head, 1, name)
		require.InDelta(t, 5, x.MeanN, 0.01, name)
		x, err = measureTrace(path, 300, 20_000)
		require.NoError(t, err)
		require.InEpsilon(t, 30_000, x.Head, 0.01, name)
		x, err = measureTrace(path, math.MaxFloat64, 20_000)
		require.NoError(t, err)
		require.InEpsilon(t, 40_000, x.Head, 0.1, name)
	}
}
