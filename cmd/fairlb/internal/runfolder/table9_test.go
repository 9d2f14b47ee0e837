package runfolder

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/methods"
	"fairlb/agents/nn"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/rewards"
	"fairlb/train"
)

// TestTable9: the recipes of the scales of Table 9 have its values, in a
// scenario that has them, and each of the paper's methods can be built of them.
func TestTable9(t *testing.T) {
	for _, want := range []struct {
		file                    string
		rate                    float64
		batch, hidden, hypernet int
		episodes                int
		step                    float64 // s
		lbs                     int
		servers                 []scenario.ServerGroup
		rateLow, rateHigh, load float64 // queries/s; of all processors
	}{
		{"sim", 3e-4, 25, 64, 32, 500, 0.5, 2, []scenario.ServerGroup{{Count: 4, CPUs: 1, Speed: 1}, {Count: 4, CPUs: 2, Speed: 1}}, 0, 0, 0.845},
		{"web-moderate", 1e-3, 25, 64, 32, 120, 0.25, 2, []scenario.ServerGroup{{Count: 4, CPUs: 4, Speed: 1}, {Count: 3, CPUs: 2, Speed: 1}}, 650, 800, 0},
		{"web-large", 1e-3, 12, 128, 64, 200, 0.25, 6, []scenario.ServerGroup{{Count: 10, CPUs: 4, Speed: 1}, {Count: 10, CPUs: 2, Speed: 1}}, 2000, 0, 0},
	} {
		path := filepath.Join("..", "..", "..", "..", "train", "recipes", "table9-"+want.file+".yaml")
		data, err := settings.ReadFile(path)
		require.NoError(t, err)
		for _, method := range []string{"distr-lb", "rlb-sac", "centr-lb", "qmix-lb"} {
			h, err := train.LoadHyperparameters(path, data, []string{"method=" + method})
			require.NoError(t, err)
			require.Equal(t, want.episodes, h.Episodes)
			require.Equal(t, []int{1, 10}, []int{h.EpisodesPerRound, h.UpdatesPerRound})
			require.Less(t, 4*h.Methods.SAC.CriticRounds, h.Episodes)
			s, err := TrainingScenario(&h)
			require.NoError(t, err)
			require.Equal(t, []float64{want.step, 60}, []float64{s.StepInterval, s.Duration})
			require.Equal(t, want.lbs, s.LBs)
			require.Equal(t, want.servers, s.Servers)
			require.Equal(t, []float64{want.rateLow, want.rateHigh, want.load}, []float64{s.Workload.Arrivals.Rate, s.Workload.Arrivals.RateMax, s.Workload.Arrivals.Load})

			sac, qmix := h.Methods.SAC, h.Methods.QMIX
			require.Equal(t, []float64{want.rate, want.rate}, []float64{sac.Rate, qmix.Rate})
			require.Equal(t, []int{want.batch, want.hidden, 3000, 0}, []int{sac.Batch, sac.Hidden, sac.Capacity, sac.Window})
			require.Equal(t, []int{want.batch, want.hidden, 3000, 0, want.hypernet}, []int{qmix.Batch, qmix.Hidden, qmix.Capacity, qmix.Window, qmix.Mixing})
			require.InDelta(t, -1, nn.SquashedGaussianEntropy(sac.Box, sac.Sigma), 0.02, "nats a server: -|A| of all")

			reward, err := rewards.New(h.Reward)
			require.NoError(t, err)
			e, err := simulate.Training(s, reward, method)(nil, nil)
			require.NoError(t, err)
			if want.lbs == 2 || method == "qmix-lb" { // the recurrent networks of twenty servers take seconds to make
				_, err = methods.Learner(method, h.Methods, e.Spec(), 1)
				require.NoError(t, err, "%s %s", want.file, method)
			}
			require.NoError(t, e.Close())
		}
	}
}
