package train

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/nn"
	"fairlb/env"
	"fairlb/env/envtest"
)

// begun returns a run of six rounds that begins at the policy of one of two, and that
// policy's file.
func begun(t *testing.T) (Config, *rounds, string) {
	t.Helper()
	before, rows := small(t, 2)
	_, _, err := ended(t, context.Background(), before, rows)
	require.NoError(t, err)
	path := filepath.Join(before.Dir, CheckpointName)
	cfg, rows := small(t, 6)
	cfg.Hyperparameters.Seed = 9
	return beginAt(t, cfg, path), rows, path
}

// beginAt lets a run begin at a checkpoint.
func beginAt(t *testing.T, cfg Config, path string) Config {
	t.Helper()
	b, err := LoadBeginning(path)
	require.NoError(t, err)
	cfg.Beginning, cfg.Hyperparameters.From = b, b.Meta.ContentSHA256
	return cfg
}

// policyIn returns what the checkpoint of a run holds.
func policyIn(t *testing.T, dir string) (checkpoint.Meta, []agents.Parameter) {
	t.Helper()
	meta, parameters, err := checkpoint.Load(filepath.Join(dir, CheckpointName))
	require.NoError(t, err)
	return meta, parameters
}

// TestBeginning: a run that begins at a policy says so in its checkpoint, has the policy
// while nothing is learned, and goes on after a stop to the same bytes.
func TestBeginning(t *testing.T) {
	t.Parallel()
	whole, rows, path := begun(t)
	whole.KeepState = true
	want, wantRows, err := ended(t, context.Background(), whole, rows)
	require.NoError(t, err)
	meta, _ := policyIn(t, whole.Dir)
	says, err := LoadHyperparameters("settings", []byte(meta.Settings), nil)
	require.NoError(t, err)
	require.Equal(t, whole.Hyperparameters.From, says.From)

	cfg, rows, _ := begun(t)
	cfg = beginAt(t, cfg, path)
	cfg.KeepState = true
	require.ErrorIs(t, stopped(t, cfg, rows, 5, nil), context.Canceled)
	_, given, err := checkpoint.Load(path)
	require.NoError(t, err)
	_, first := policyIn(t, cfg.Dir)
	require.Equal(t, given, first)
	for _, step := range []int64{70, 130} { // in the critics' round, and in one of the actor's
		state, err := LoadState(filepath.Join(cfg.Dir, StateName))
		require.NoError(t, err)
		cfg.State = state
		require.ErrorIs(t, stopped(t, cfg, rows, step, nil), context.Canceled)
	}
	if cfg.State, err = LoadState(filepath.Join(cfg.Dir, StateName)); err != nil {
		t.Fatal(err)
	}
	got, gotRows, err := ended(t, context.Background(), cfg, rows)
	require.NoError(t, err)
	require.Equal(t, wantRows, gotRows)
	require.True(t, bytes.Equal(want, got))
	_, other := policyIn(t, whole.Dir)
	require.NotEqual(t, given, other)
	for i, p := range other {
		if strings.Contains(p.Name, "features.") {
			require.Equal(t, given[i], p, "statistics stay")
		}
	}
}

// TestBeginningRefuses: another checkpoint than the settings name, or one that does not
// fit, is refused by name.
func TestBeginningRefuses(t *testing.T) {
	t.Parallel()
	cfg, _, path := begun(t)
	for _, test := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Beginning = nil }, "train: from = " + cfg.Hyperparameters.From + ": the checkpoint is not given"},
		{func(c *Config) { c.Hyperparameters.From = strings.Repeat("a", 64) },
			fmt.Sprintf("train: %s: has the SHA-256 %.12s...; the run begins at one of aaaaaaaaaaaa...", path, cfg.Hyperparameters.From)},
		{func(c *Config) { c.Hyperparameters.Methods.SAC.Hidden = 9 }, "train: " + path + ": trained with sac.hidden = 8; the run has 9"},
		{func(c *Config) { c.Env = func() (env.Env, error) { return envtest.NewFake(2, 20, 1, 2), nil } },
			"train: " + path + ": trained for 2 LBs and 3 servers; the scenario has 2 LBs and 2 servers"},
	} {
		other := cfg
		test.change(&other)
		require.EqualError(t, Run(context.Background(), other), test.want)
	}
	_, err := LoadBeginning(filepath.Join(cfg.Dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestContinued: a run that was at its end and goes on from its state is, to the same
// bytes, one that was made by its settings from the beginning, whose schedules pass up to
// both ends; where schedules are constant, it has learned what one of the larger number of
// episodes has.
func TestContinued(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"es", "distr-lb"} {
		for _, schedule := range []nn.ScheduleKind{nn.ConstantRate, nn.LinearRate} {
			t.Run(fmt.Sprint(method, " ", schedule), func(t *testing.T) {
				t.Parallel()
				run := func(n int) (Config, *rounds) {
					cfg, rows := small(t, n)
					h := &cfg.Hyperparameters
					h.Method, h.EpisodesPerRound, h.CheckpointEvery, cfg.KeepState, cfg.FinalState = method, 4, 2, true, 1<<30
					h.Episodes, h.ValidationSeeds = 4*n, "5"
					h.Methods.ES.Schedule, h.Methods.SAC.Schedule = schedule, schedule
					h.Methods.ES.FinalSigma = h.Methods.ES.Sigma
					return cfg, rows
				}
				cfg, rows := run(3)
				_, _, err := ended(t, context.Background(), cfg, rows)
				require.NoError(t, err)
				cfg.State, err = LoadState(filepath.Join(cfg.Dir, StateName))
				require.NoError(t, err, "the state of the end is small enough")
				require.Equal(t, 12, cfg.State.Episodes)
				cfg.Hyperparameters.Episodes, cfg.Hyperparameters.Continued = 24, []int{12}
				got, gotRows, err := ended(t, context.Background(), cfg, rows)
				require.NoError(t, err)

				anew, rows := run(6)
				anew.Hyperparameters.Continued = []int{12}
				want, wantRows, err := ended(t, context.Background(), anew, rows)
				require.NoError(t, err)
				require.True(t, bytes.Equal(want, got))
				require.Equal(t, wantRows, gotRows)
				require.Equal(t, 12, gotRows[2].Of)
				require.NotNil(t, gotRows[2].Validation)
				require.Equal(t, 24, gotRows[3].Of)

				longer, rows := run(6)
				_, _, err = ended(t, context.Background(), longer, rows)
				require.NoError(t, err)
				_, learned := policyIn(t, cfg.Dir)
				_, whole := policyIn(t, longer.Dir)
				if schedule == nn.ConstantRate {
					require.Equal(t, whole, learned)
				} else {
					require.NotEqual(t, whole, learned)
				}
			})
		}
	}
}

// TestFinalState: a state is left at the end if it is small enough, and a run that stopped
// between it and the last checkpoint goes on to that.
func TestFinalState(t *testing.T) {
	t.Parallel()
	cfg, rows := small(t, 2)
	cfg.KeepState, cfg.FinalState = true, 1000
	_, _, err := ended(t, context.Background(), cfg, rows)
	require.NoError(t, err)
	path := filepath.Join(cfg.Dir, StateName)
	require.NoFileExists(t, path)
	cfg.FinalState = 1 << 30
	want, _, err := ended(t, context.Background(), cfg, rows)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(cfg.Dir, CheckpointName)))
	cfg.State, err = LoadState(path)
	require.NoError(t, err)
	got, _, err := ended(t, context.Background(), cfg, rows)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	require.FileExists(t, path)
}

// TestBeginningInKey: a run that began at a policy, or went on beyond an end, is of
// another recipe than one that did not.
func TestBeginningInKey(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, change := range []func(*Hyperparameters){
		func(*Hyperparameters) {},
		func(h *Hyperparameters) { h.From = strings.Repeat("a", 64) },
		func(h *Hyperparameters) { h.From = strings.Repeat("b", 64) },
		func(h *Hyperparameters) { h.Continued = []int{10} },
	} {
		h := DefaultHyperparameters()
		change(&h)
		key, err := h.Key()
		require.NoError(t, err)
		require.False(t, seen[key])
		seen[key] = true
	}
}

// TestEnds: the ends of a run that went on twice, and the settings that it had at each.
func TestEnds(t *testing.T) {
	t.Parallel()
	h := DefaultHyperparameters()
	h.Continued = []int{8, 16}
	require.Equal(t, []int{8, 8, 16, 320}, []int{h.End(0), h.End(7), h.End(8), h.End(16)})
	earlier := h.Earlier()
	require.Len(t, earlier, 2)
	require.Equal(t, []int{8, 16}, []int{earlier[0].Episodes, earlier[1].Episodes})
	require.Empty(t, earlier[0].Continued)
	require.Equal(t, []int{8}, earlier[1].Continued)
	for _, test := range []struct{ text, want string }{
		{"from: run", `h.yaml:1:7: from = "run": must be a SHA-256: 64 hexadecimal digits, lower-case; give the checkpoint itself by train --from`},
		{"continued: [8, 8]", "h.yaml:1:16: continued[1] = 8: must be above 8 and below episodes = 320"},
		{"continued: [320]", "h.yaml:1:13: continued[0] = 320: must be above 0 and below episodes = 320"},
	} {
		_, err := LoadHyperparameters("h.yaml", []byte(test.text), nil)
		require.EqualError(t, err, test.want)
	}
}
