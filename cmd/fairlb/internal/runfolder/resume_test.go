package runfolder

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestArithmeticRemedy: what helps depends on what was computed with, and on the
// environment.
func TestArithmeticRemedy(t *testing.T) {
	require.Equal(t, "set FAIRLB_BLAS=gonum", arithmeticRemedy("gonum on "+runtime.GOARCH, ""))
	require.Equal(t, "go on on a machine that has that", arithmeticRemedy("AVX2 on another", ""))
	require.Equal(t, "go on without FAIRLB_BLAS=gonum in the environment", arithmeticRemedy("AVX2 on "+runtime.GOARCH, "gonum"))
}
