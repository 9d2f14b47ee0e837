package chart

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
)

// TestServiceCurve: the picture names what was measured, and one without points is refused.
func TestServiceCurve(t *testing.T) {
	t.Parallel()
	f := &figure.ServiceCurve{Servers: "apache", CPUs: 1, Speed: 0.5, Mixes: []figure.ServiceMix{
		{CPU: 0.02, Points: []figure.ServicePoint{{Concurrency: 1, Throughput: 24, Model: 25, Mean: 0.04, ModelMean: 0.04, SD: 0.1}, {Concurrency: 8, Throughput: 23, Model: 25, Mean: 0.3, ModelMean: 0.3}}},
	}}
	var b bytes.Buffer
	require.NoError(t, DrawServiceCurve(&b, f, "svg"))
	for _, want := range []string{"apache, measured", "20 ms CPU", "requests at a time"} {
		require.Contains(t, b.String(), want)
	}
	f.Mixes[0].Points = nil
	require.ErrorIs(t, DrawServiceCurve(io.Discard, f, "svg"), ErrFigure)
}
