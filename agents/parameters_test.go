package agents_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
)

// two returns two parameters of the given first value.
func two(first float32) []agents.Parameter {
	return []agents.Parameter{
		{Name: "w", Shape: []int{2, 3}, Data: []float32{first, 1, 2, 3, 4, 5}},
		{Name: "b", Shape: []int{3}, Data: []float32{6, 7, first}},
	}
}

func TestCopyParametersByName(t *testing.T) {
	t.Parallel()
	src, dst := two(9), two(0)
	slices.Reverse(src) // the order does not matter
	views := [][]float32{dst[0].Data, dst[1].Data}
	require.NoError(t, agents.CopyParameters(dst, src))
	require.Equal(t, two(9), dst)
	require.Equal(t, two(9)[0].Data, views[0], "the data are copied in place")
	src[0].Data[0] = 100
	require.Equal(t, two(9)[1].Data, views[1], "and not shared")
	require.NoError(t, agents.CopyParameters(nil, nil))
}

func TestCopyParametersRefuses(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(p []agents.Parameter) []agents.Parameter{
		`"w" is missing`:                        func(p []agents.Parameter) []agents.Parameter { return p[1:] },
		`"b" is given twice`:                    func(p []agents.Parameter) []agents.Parameter { return append(p, p[1]) },
		`"x" is not wanted`:                     func(p []agents.Parameter) []agents.Parameter { return append(p, agents.Parameter{Name: "x"}) },
		`"w" has shape [3 2], want [2 3]`:       func(p []agents.Parameter) []agents.Parameter { p[0].Shape = []int{3, 2}; return p },
		`"b" has 2 values, want 3`:              func(p []agents.Parameter) []agents.Parameter { p[1].Data = p[1].Data[:2]; return p },
		`agents: parameters do not fit: "w" is`: func([]agents.Parameter) []agents.Parameter { return nil },
	} {
		dst := two(0)
		err := agents.CopyParameters(dst, change(two(9)))
		require.ErrorIs(t, err, agents.ErrParameters)
		require.ErrorContains(t, err, want)
		require.Equal(t, two(0), dst, "%s: a refused copy changed values", want)
	}
}
