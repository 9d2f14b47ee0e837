package nn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s        nn.Schedule
		progress float64
		want     float64
	}{
		{nn.Schedule{Kind: nn.ConstantRate, Final: 0.1}, 0.7, 1},
		{nn.Schedule{Kind: nn.LinearRate, Final: 0.1}, 0, 1},
		{nn.Schedule{Kind: nn.LinearRate, Final: 0.1}, 0.5, 0.55},
		{nn.Schedule{Kind: nn.LinearRate, Final: 0.1}, 1, 0.1},
		{nn.Schedule{Kind: nn.CosineRate, Final: 0.2}, 0, 1},
		{nn.Schedule{Kind: nn.CosineRate, Final: 0.2}, 0.5, 0.6},
		{nn.Schedule{Kind: nn.CosineRate, Final: 0.2}, 1, 0.2},
		{nn.Schedule{Kind: nn.ExponentialRate, Final: 0.01}, 0.5, 0.1},
		{nn.Schedule{Kind: nn.LinearRate, Final: 0.5, Warmup: 0.2}, 0, 0},
		{nn.Schedule{Kind: nn.LinearRate, Final: 0.5, Warmup: 0.2}, 0.1, 0.5},
		{nn.Schedule{Kind: nn.LinearRate, Final: 0.5, Warmup: 0.2}, 0.2, 1},
		{nn.Schedule{Kind: nn.LinearRate, Final: 0.5, Warmup: 0.2}, 0.6, 0.75},
		{nn.Schedule{Kind: nn.ConstantRate, Final: 1, Warmup: 0.5}, 0.25, 0.5},
	} {
		require.Contains(t, nn.ScheduleKinds(), c.s.Kind)
		require.InDelta(t, c.want, c.s.At(c.progress), 1e-12, "%+v at %g", c.s, c.progress)
	}
}
