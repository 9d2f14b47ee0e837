package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/envtest"
)

// ended makes a run and returns its checkpoint and its rounds, without times.
func ended(t *testing.T, ctx context.Context, cfg Config, rows *rounds) ([]byte, rounds, error) {
	t.Helper()
	err := Run(ctx, cfg)
	for i := range *rows {
		(*rows)[i].PlaySeconds, (*rows)[i].UpdateSeconds = 0, 0
	}
	data, readErr := os.ReadFile(filepath.Join(cfg.Dir, CheckpointName))
	if !errors.Is(readErr, fs.ErrNotExist) {
		require.NoError(t, readErr)
	}
	return data, *rows, err
}

// stopped makes the run of cfg until the given step of its environments, which
// cancels it or, if fault is not nil, fails by it.
func stopped(t *testing.T, cfg Config, rows *rounds, step int64, fault error) error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	steps, closed := new(atomic.Int64), new(atomic.Int64)
	cfg.Env = func() (env.Env, error) {
		return &watched{envtest.NewFake(2, 20, speeds...), steps, closed, step, func() error { cancel(); return fault }}, nil
	}
	_, _, err := ended(t, ctx, cfg, rows)
	return err
}

// TestResume: a run that is stopped in any round and goes on, once or several
// times, ends with the same bytes as one that never was, and so does one that
// goes on from its last checkpoint after a fault.
func TestResume(t *testing.T) {
	t.Parallel()
	whole, rows := small(t, 6)
	whole.Hyperparameters.CheckpointEvery, whole.KeepState = 2, true
	want, wantRows, err := ended(t, context.Background(), whole, rows)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(whole.Dir, StateName), "a run at its end needs none")
	const round = 60 // steps

	for _, fault := range []error{nil, errBroken} {
		cfg, rows := small(t, 6)
		cfg.Hyperparameters.CheckpointEvery, cfg.KeepState = 2, true
		path := filepath.Join(cfg.Dir, StateName)
		// Where it stops, and the rounds that its state then has: all whole ones
		// after an interruption, those of the last checkpoint after a fault.
		done := 0
		for k, step := range []int64{5, round + 20, 2*round + 59, 10} {
			err := stopped(t, cfg, rows, step, fault)
			require.Error(t, err)
			reached := done + int(step/round)
			if fault != nil {
				require.ErrorIs(t, err, errBroken)
				reached -= reached % 2
			}
			state, err := LoadState(path)
			if fault != nil && reached == 0 {
				require.ErrorIs(t, err, fs.ErrNotExist)
				*rows = nil
				continue
			}
			require.NoError(t, err)
			require.Equal(t, reached, state.Rounds, "stop %d", k)
			require.Equal(t, 3*reached, state.Episodes)
			require.Equal(t, state.Episodes, saved(t, cfg))
			cfg.State, done = state, reached
			*rows = (*rows)[:reached]
		}
		got, gotRows, err := ended(t, context.Background(), cfg, rows)
		require.NoError(t, err)
		require.Equal(t, wantRows, gotRows)
		require.True(t, bytes.Equal(want, got), "after %v", fault)
		require.NoFileExists(t, path)
	}
}

// TestResumeRefuses: what is not the state of this run is an error that says
// why.
func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	cfg, rows := small(t, 3)
	require.ErrorIs(t, stopped(t, cfg, rows, 70, nil), context.Canceled)
	path := filepath.Join(cfg.Dir, StateName)
	require.NoFileExists(t, path, "none was asked for")
	cfg.KeepState = true
	require.ErrorIs(t, stopped(t, cfg, rows, 70, nil), context.Canceled)
	state, err := LoadState(path)
	require.NoError(t, err)

	other := cfg
	other.State, other.Env = state, func() (env.Env, error) { return envtest.NewFake(2, 20, 1, 2), nil }
	err = Run(context.Background(), other)
	require.ErrorIs(t, err, ErrState)
	require.EqualError(t, err, "train: going on after 3 episodes: not the state of this run: trained for 2 LBs and 3 servers; the scenario has 2 LBs and 2 servers")
	other = cfg
	other.State, other.Hyperparameters.Methods.SAC.Hidden = state, 9
	require.ErrorIs(t, Run(context.Background(), other), ErrState)
	require.Equal(t, Arithmetic(), state.Arithmetic)
	require.Equal(t, Program(), state.Program)
	foreign := *state
	foreign.Arithmetic = "abacus"
	other = cfg
	other.State = &foreign
	err = Run(context.Background(), other)
	require.ErrorIs(t, err, ErrState)
	require.EqualError(t, err, "train: going on after 3 episodes: not the state of this run: it was made with abacus, this is "+Arithmetic())
	longer := *state
	longer.to++
	other = cfg
	other.State = &longer
	require.ErrorContains(t, Run(context.Background(), other), "more bytes than the learner's")

	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	load := func(data []byte) error {
		damaged := filepath.Join(cfg.Dir, "damaged")
		require.NoError(t, os.WriteFile(damaged, data, 0o666))
		_, err := LoadState(damaged)
		require.ErrorIs(t, err, ErrState)
		require.ErrorContains(t, err, damaged+": ")
		return err
	}
	for k := 0; k < len(whole); k += 1 + len(whole)/100 {
		load(whole[:k])
		spoilt := bytes.Clone(whole)
		spoilt[k] ^= 1
		load(spoilt)
	}
	require.ErrorContains(t, load([]byte("PK")), "it does not begin with")
	require.ErrorContains(t, load([]byte("fairlb training state 1\n")),
		`of another version of the format: it begins with "fairlb training state 1\n", this fairlb reads "fairlb training state 2\n"`)
	require.ErrorContains(t, load(whole[:len(stateMagic)+10]), "truncated")
	require.ErrorContains(t, load(append(whole[:len(whole):len(whole)], 0)), "truncated or changed: the hash of its content differs")
	require.ErrorContains(t, load(signed(append([]byte(stateMagic), 0, 0, 0, 0, 0, 0, 0, 1))), "the header is longer than the file")
	_, err = LoadState(filepath.Join(cfg.Dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// signed returns data with the hash that a state ends with.
func signed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(bytes.Clone(data), sum[:]...)
}

// FuzzState: nothing that stands behind a state's magic, under the right hash,
// makes the decoder or a learner panic.
func FuzzState(f *testing.F) {
	spec := envtest.NewFake(2, 20, speeds...).Spec()
	h := DefaultHyperparameters()
	h.Method = "es"
	learner := func(t require.TestingT) agents.Learner {
		l, err := methods.Learner(h.Method, h.Methods, spec, 1)
		require.NoError(t, err)
		return l
	}
	environment, err := json.Marshal(checkpoint.FingerprintOf(spec))
	require.NoError(f, err)
	path := filepath.Join(f.TempDir(), StateName)
	s := State{Settings: "method: es", environment: string(environment), Rounds: 1, Episodes: 2}
	require.NoError(f, s.save(path, learner(f).(agents.Saver)))
	data, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(data[len(stateMagic) : len(data)-sha256.Size])
	f.Fuzz(func(t *testing.T, data []byte) {
		file := signed(append([]byte(stateMagic), data...))
		s, err := readState(bytes.NewReader(file), int64(len(file)))
		if err == nil {
			_ = s.restoreFrom(bytes.NewReader(file), learner(t), spec)
		}
	})
}
