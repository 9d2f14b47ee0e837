package chart

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure/figuretest"
	"fairlb/eval/theory/complexity"
)

// TestComplexity: a panel for each operation, with its claim, and an incomplete
// measurement is refused.
func TestComplexity(t *testing.T) {
	t.Parallel()
	m := figuretest.Complexity()
	var b bytes.Buffer
	require.NoError(t, DrawComplexity(&b, m, "svg"))
	for _, r := range complexity.Rows() {
		for _, name := range r.Operations {
			require.Contains(t, b.String(), strings.ReplaceAll(name, "'", "&#39;")+": "+r.Time.Text)
		}
	}
	m.Timings = m.Timings[:100]
	require.ErrorIs(t, DrawComplexity(io.Discard, m, "svg"), ErrFigure)
}
