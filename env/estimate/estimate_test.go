package estimate_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/estimate"
)

// TestCheck: products are summed, compared with the limits, and the message has
// the figures, the largest parts and their fields.
func TestCheck(t *testing.T) {
	t.Parallel()
	var e estimate.Estimate
	e.Add(estimate.Memory, "the replay buffer", []string{"sac.capacity", "duration"}, 1<<20, 1<<14)
	e.Add(estimate.Memory, "networks", []string{"sac.hidden"}, 1<<30, 4)
	e.Add(estimate.Memory, "a little", nil, 8)
	e.Add(estimate.Events, "requests", []string{"duration"}, 1e6)
	require.Equal(t, float64(20<<30+8), e.Total(estimate.Memory))
	err := estimate.DefaultLimits().Check(e)
	require.EqualError(t, err, "would take 20 GiB of memory, the limit is 16 GiB of memory: 16 GiB of memory for the replay buffer (sac.capacity, duration), 4 GiB of memory for networks (sac.hidden); make that smaller, or raise the limit by FAIRLB_MAX_MEMORY")
	var exceeded *estimate.ExceededError
	require.True(t, errors.As(err, &exceeded))
	require.True(t, exceeded.InvalidInput())
	require.NoError(t, estimate.Limits{1 << 40, 1e6, 0}.Check(e), "at the limit is within it")
	require.Error(t, estimate.Limits{1 << 40, 1e6 - 1, 0}.Check(e))
}

// TestAdd: nothing times infinity is nothing, and no product overflows to less
// than it is.
func TestAdd(t *testing.T) {
	t.Parallel()
	var e estimate.Estimate
	e.Add(estimate.Events, "none", nil, 0, math.Inf(1))
	require.Zero(t, e.Total(estimate.Events))
	e.Add(estimate.Events, "endless", nil, 1e300, 1e300)
	e.Add(estimate.Events, "unknown", nil, math.NaN())
	require.Equal(t, math.Inf(1), e.Total(estimate.Events))
	require.ErrorContains(t, estimate.DefaultLimits().Check(e), "would take +Inf simulated events")
}

// TestInclude: times and prefixes.
func TestInclude(t *testing.T) {
	t.Parallel()
	var one, all estimate.Estimate
	one.Add(estimate.Events, "requests", []string{"duration"}, 10)
	one.Add(estimate.Memory, "servers", []string{"servers"}, 7)
	all.Include(one.Under("scenario."), 5, estimate.Events)
	require.Equal(t, []estimate.Part{{Quantity: estimate.Events, Name: "requests", Amount: 50, Fields: []string{"scenario.duration"}}}, all.Parts)
	require.Equal(t, []string{"duration"}, one.Parts[0].Fields)
}

// TestParseLimits reads the variables.
func TestParseLimits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, value string
		want        estimate.Limits
		wantErr     string
	}{
		{"", "", estimate.Limits{16 << 30, 1e12, 1e16}, ""},
		{"FAIRLB_MAX_MEMORY", "64GiB", estimate.Limits{64 << 30, 1e12, 1e16}, ""},
		{"FAIRLB_MAX_MEMORY", " 2 TiB", estimate.Limits{2 << 40, 1e12, 1e16}, ""},
		{"FAIRLB_MAX_MEMORY", "1e9", estimate.Limits{1e9, 1e12, 1e16}, ""},
		{"FAIRLB_MAX_EVENTS", "1e13", estimate.Limits{16 << 30, 1e13, 1e16}, ""},
		{"FAIRLB_MAX_PRODUCTS", "1e18", estimate.Limits{16 << 30, 1e12, 1e18}, ""},
		{"FAIRLB_MAX_EVENTS", "1GiB", estimate.Limits{}, `FAIRLB_MAX_EVENTS = "1GiB": must be a positive number`},
		{"FAIRLB_MAX_MEMORY", "64GB", estimate.Limits{}, `must be a positive number of bytes, or of KiB`},
		{"FAIRLB_MAX_MEMORY", "-1", estimate.Limits{}, "must be"},
		{"FAIRLB_MAX_PRODUCTS", "NaN", estimate.Limits{}, "must be"},
		{"FAIRLB_MAX_PRODUCTS", "Inf", estimate.Limits{}, "must be"},
	} {
		got, err := estimate.ParseLimits(func(name string) string {
			if name == test.name {
				return test.value
			}
			return ""
		})
		if test.wantErr != "" {
			require.ErrorIs(t, err, estimate.ErrLimit)
			require.ErrorContains(t, err, test.wantErr)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.want, got)
	}
}
