package train

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/envtest"
	"fairlb/env/settings"
)

// TestValidation: each checkpoint is scored on the validation seeds, the best
// is kept with what gives its score again, and training is what it is without.
func TestValidation(t *testing.T) {
	t.Parallel()
	plain, plainRows := small(t, 7)
	require.NoError(t, Run(context.Background(), plain))
	_, want, err := checkpoint.Load(filepath.Join(plain.Dir, CheckpointName))
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(plain.Dir, BestName))

	var scores []float64
	for _, workers := range []int{1, 3} {
		cfg, rows := small(t, 7)
		cfg.Workers, cfg.Hyperparameters.CheckpointEvery, cfg.Hyperparameters.ValidationSeeds = workers, 2, "500-502"
		require.NoError(t, Run(context.Background(), cfg))
		_, parameters, err := checkpoint.Load(filepath.Join(cfg.Dir, CheckpointName))
		require.NoError(t, err)
		require.Equal(t, want, parameters)
		best, episode := 0.0, 0
		var own []float64
		for k, r := range *rows {
			require.Equal(t, k%2 == 1 || k == 6, r.Validation != nil, "round %d", k)
			require.Equal(t, (*plainRows)[k].Return, r.Return)
			if r.Validation != nil {
				own = append(own, *r.Validation)
				if episode == 0 || *r.Validation < best {
					best, episode = *r.Validation, r.Episodes
				}
			}
		}
		if scores == nil {
			scores = own
		}
		require.Equal(t, scores, own)

		meta, parameters, err := checkpoint.Load(filepath.Join(cfg.Dir, BestName))
		require.NoError(t, err)
		require.Equal(t, episode, meta.Episode)
		fake := envtest.NewFake(2, 20, speeds...)
		policy, err := methods.Policy(meta, cfg.Hyperparameters.Methods, parameters, fake.Spec())
		require.NoError(t, err)
		ended, sum := 0, 0.0
		for seed := uint64(500); seed <= 502; seed++ {
			r, err := playOne(context.Background(), fake, policy, reward(t, "vbf"), seed, seed)
			require.NoError(t, err)
			ended += r.interval.Completed + r.interval.Failed
			sum += r.interval.CompletionSum
		}
		require.Equal(t, best, sum/float64(ended))
	}
	least := scores[0]
	for _, s := range scores {
		least = min(least, s)
	}
	require.Less(t, least, scores[0], "the check would pass if the first were kept")
}

// TestValidationResumed: the best so far outlives the process, and a run that
// is interrupted in a validation finishes it first.
func TestValidationResumed(t *testing.T) {
	t.Parallel()
	set := func(cfg *Config) {
		cfg.Hyperparameters.CheckpointEvery, cfg.Hyperparameters.ValidationSeeds, cfg.KeepState = 2, "1-2", true
		// The second of four is the best.
		cfg.Hyperparameters.Seed, cfg.Hyperparameters.Methods.SAC.Rate, cfg.Hyperparameters.Methods.SAC.Average = 2, 0.03, 0
	}
	whole, rows := small(t, 8)
	set(&whole)
	want, wantRows, err := ended(t, context.Background(), whole, rows)
	require.NoError(t, err)
	best, err := os.ReadFile(filepath.Join(whole.Dir, BestName))
	require.NoError(t, err)
	meta, _, err := checkpoint.Load(filepath.Join(whole.Dir, BestName))
	require.NoError(t, err)
	require.Equal(t, 12, meta.Episode)

	cfg, rows := small(t, 8)
	set(&cfg)
	for k := range 3 { // in the validation behind the next two rounds
		require.ErrorIs(t, stopped(t, cfg, rows, 2*60+10, nil), context.Canceled)
		cfg.State, err = LoadState(filepath.Join(cfg.Dir, StateName))
		require.NoError(t, err)
		require.Equal(t, 2*(k+1), cfg.State.Rounds)
		require.True(t, cfg.State.Validated)
		require.Len(t, *rows, cfg.State.Rounds)
	}
	got, gotRows, err := ended(t, context.Background(), cfg, rows)
	require.NoError(t, err)
	require.Equal(t, wantRows, gotRows)
	require.True(t, bytes.Equal(want, got))
	kept, err := os.ReadFile(filepath.Join(cfg.Dir, BestName))
	require.NoError(t, err)
	require.True(t, bytes.Equal(best, kept))
}

// TestNoValidation: where no request ends there is no score; without seeds a
// run is named as if there were no such setting.
func TestNoValidation(t *testing.T) {
	t.Parallel()
	cfg, _ := small(t, 1)
	cfg.Hyperparameters.ValidationSeeds = "5"
	cfg.Env = func() (env.Env, error) { return idle{envtest.NewFake(2, 20, speeds...)}, nil }
	require.EqualError(t, Run(context.Background(), cfg), "train: round 0: validation: no request ended")

	h := DefaultHyperparameters()
	text, err := settings.JSON(h)
	require.NoError(t, err)
	require.NotContains(t, string(text), "validation")
	key, err := h.Key()
	require.NoError(t, err)
	h.ValidationSeeds = "5"
	other, err := h.Key()
	require.NoError(t, err)
	require.NotEqual(t, key, other)
}

// idle is an environment without requests.
type idle struct{ env.Env }

func (e idle) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	step, err := e.Env.Step(ctx, actions)
	step.Interval = env.Interval{}
	return step, err
}
