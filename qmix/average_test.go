package qmix_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	training "fairlb/train"
)

// noRecord takes the rows of a run and keeps none.
type noRecord struct{}

func (noRecord) Write(string, any) error { return nil }
func (noRecord) Sync() error             { return nil }

// trainedPolicies trains the recipe on a problem and returns the policy as the recipe has
// it, which acts by the average of what it chooses, and one that acts by each choice.
func trainedPolicies(t *testing.T, p problem, seed uint64) (average, choices agents.Actor) {
	t.Helper()
	data, err := os.ReadFile("../train/recipes/qmix.yaml")
	require.NoError(t, err)
	h, err := training.LoadHyperparameters("qmix.yaml", data, []string{"scenario=" + p.scenario})
	require.NoError(t, err)
	h.Seed = seed
	log := logrus.New()
	log.SetOutput(io.Discard)
	dir := t.TempDir()
	require.NoError(t, training.Run(context.Background(), training.Config{
		Hyperparameters: h, Scenario: h.Scenario, Workers: 1, Dir: dir, Record: noRecord{}, Log: log,
		Env: func() (env.Env, error) { return p.open(t, 120, true).env, nil },
	}))
	meta, parameters, err := checkpoint.Load(filepath.Join(dir, training.CheckpointName))
	require.NoError(t, err)
	policy := func() agents.Actor {
		actor, err := methods.Policy(meta, h.Methods, parameters, p.open(t, 120, true).env.Spec())
		require.NoError(t, err)
		return actor
	}
	average = policy()
	h.Methods.QMIX.ActionAverage = 0
	return average, policy()
}

// weightsOverTime plays 20 seeds by an actor and returns the mean completion time (s), each
// LB's mean log-weights from 10 s on, and their standard deviation over time.
func (m *measured) weightsOverTime(actor agents.Actor, firstSeed uint64) (meanTime float64, mean [][]float64, deviation float64) {
	spec := m.env.Spec()
	weights, mean, squares := spec.NewActions(), spec.NewActions(), 0.0
	steps, values := 0.0, float64(spec.Agents*spec.Servers)
	for seed := range uint64(20) {
		actor.Reset(firstSeed + seed)
		m.play(firstSeed+seed, func(k int, step *env.Step, u [][]float64) {
			require.NoError(m.t, actor.Act(weights, step))
			for i, row := range weights {
				for j, w := range row {
					u[i][j] = math.Log(w)
				}
				centre := stat.Mean(u[i], nil)
				for j := range row {
					u[i][j] -= centre
				}
			}
			if k < 20 {
				return
			}
			steps++
			for i, row := range u {
				for j, v := range row {
					squares += v * v / values
					mean[i][j] += (v - mean[i][j]) / steps
				}
			}
		})
		meanTime += m.mean / 20
	}
	variance := squares / steps
	for _, row := range mean {
		for _, v := range row {
			variance -= v * v / values
		}
	}
	return meanTime, mean, math.Sqrt(variance)
}

// TestActionAverageHelps measures what it is worth that a trained policy acts by the
// average of what it chooses, beside weights that no longer move at all: each LB then holds
// the means of its choices' log-weights on the seeds 500 to 519. If what choices do over
// time answered to states, both would be worse than the choices. All are evaluated on the
// same 20 seeds. One training shows it; FAIRLB_LONG=1 measures those of
// results/studies/qmix.md, of which the last are the study's, on its evaluation seeds.
func TestActionAverageHelps(t *testing.T) {
	t.Parallel()
	type trainings struct {
		problem    problem
		training   []uint64
		evaluation uint64 // the first seed
	}
	some := []trainings{{misweighted(), []uint64{12}, 500}}
	if long() {
		some = []trainings{
			{misweighted(), []uint64{11, 12, 13}, 500},
			{pureCPU(), []uint64{11, 12, 13}, 500},
			{misweighted(), []uint64{1, 2, 3, 4, 5}, 1000},
		}
	}
	for _, test := range some {
		p := test.problem
		t.Run(fmt.Sprintf("%s on seeds from %d", p.scenario, test.evaluation), func(t *testing.T) {
			m := p.open(t, 600, true)
			least := p.meanTime(t, test.evaluation, m.best, m.best)
			gain := 0.0
			for _, seed := range test.training {
				average, choices := trainedPolicies(t, p, seed)
				chosen, mean, deviation := m.weightsOverTime(choices, 500)
				if test.evaluation != 500 {
					chosen, _, _ = m.weightsOverTime(choices, test.evaluation)
				}
				averaged, _, left := m.weightsOverTime(average, test.evaluation)
				frozen := p.meanTime(t, test.evaluation, mean...)
				gain += (1 - averaged/chosen) / float64(len(test.training))
				t.Logf("training seed %d: mean completion time over that of the best weights by choices %+.1f %%, by their average %+.1f %%, frozen %+.1f %%; standard deviation of log-weights over time %.2f, of their average %.2f",
					seed, 100*(chosen/least-1), 100*(averaged/least-1), 100*(frozen/least-1), deviation, left)
				require.Less(t, averaged/frozen, 1.03, "an average gains most of what there is in holding still")
			}
			t.Logf("averages are %.1f %% better in the mean", 100*gain)
			require.Greater(t, gain, 0.015, "what choices do over time costs, and gains nothing")
		})
	}
}
