package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/snapshot"
	"fairlb/env/workload"
)

// State makes a scripted source one that can be saved.
func (s *scripted) State(c *snapshot.Codec) {
	snapshot.Slice(c, (*[]workload.Request)(s), func(r *workload.Request) {
		c.Float64(&r.Time)
		snapshot.Int(c, &r.Class)
		snapshot.Int(c, &r.LB)
		snapshot.Slice(c, &r.Demand, func(x *float64) { c.Float64(x) })
	})
}

// open returns an environment of a small system, dispatching by a shared rule
// that probes as it goes, and its recorder.
func open(t *testing.T, seed uint64) (*Env, *outcomes) {
	t.Helper()
	cfg, list := smallSystem(rand.New(rand.NewPCG(seed, 98)))
	var rec outcomes
	cfg.Recorder = &rec
	cfg.Observe, cfg.Reward = seed%2 == 0, moderate(t).Reward
	cfg.Workload = func(uint64) (workload.Source, error) { s := scripted(list); return &s, nil }
	e, err := New(cfg)
	require.NoError(t, err)
	for i := range e.engine.rules {
		e.engine.rules[i] = probing{sharedRule{seed%3 == 0}, e.engine}
	}
	return e, &rec
}

// TestSaveAndRestore: an episode that is saved in mid-run and restored in
// another environment goes on bit for bit: the same steps, the same outcomes,
// and the same state at the end.
func TestSaveAndRestore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for seed := range uint64(200) {
		whole, want := open(t, seed)
		_, err := whole.Reset(ctx, seed)
		require.NoError(t, err)
		cut := int(seed*7) % whole.Spec().Steps
		for range cut {
			_, err = whole.Step(ctx, nil)
			require.NoError(t, err)
		}
		state, err := whole.Save()
		require.NoError(t, err)
		before := len(*want)

		part, got := open(t, seed)
		step, err := part.Restore(ctx, state)
		require.NoError(t, err)
		require.Equal(t, whole.step, step, "system %d", seed)
		again, err := part.Save()
		require.NoError(t, err)
		require.True(t, bytes.Equal(state, again), "system %d", seed)
		for range whole.Spec().Steps - cut {
			a, err := whole.Step(ctx, nil)
			require.NoError(t, err)
			b, err := part.Step(ctx, nil)
			require.NoError(t, err)
			require.Equal(t, a, b)
		}
		require.NoError(t, whole.Drain(ctx))
		require.NoError(t, part.Drain(ctx))
		require.Equal(t, (*want)[before:], *got, "system %d", seed)
		a, err := whole.Save()
		require.NoError(t, err)
		b, err := part.Save()
		require.NoError(t, err)
		require.True(t, bytes.Equal(a, b), "system %d", seed)
	}
}

// TestSaveEveryRule: under every heuristic, and under weights that were set
// once, an episode of synthetic requests with changes and failures goes on
// after a restore as it would have.
func TestSaveEveryRule(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, name := range append(dispatch.Names(), "") {
		cfg := web(t, name)
		cfg.Duration, cfg.StepInterval = 30, 1
		cfg.Random = []RandomChanges{{Kind: Fail, PerMinute: 10, Servers: []int{0, 1, 2, 3}, DownMean: 2}, {Kind: SetSpeed, PerMinute: 30, Servers: []int{4, 5, 6}, Low: 0.5, High: 1.5}}
		cfg.Changes = []Change{{At: 9, Kind: FailLB, Index: 1}, {At: 14, Kind: ReturnLB, Index: 1}}
		cfg.Detection = 0.5
		start := func() (*Env, *outcomes) {
			var rec outcomes
			cfg := cfg
			cfg.Recorder = &rec
			e, err := New(cfg)
			require.NoError(t, err)
			return e, &rec
		}
		step := func(e *Env, weights [][]float64) {
			_, err := e.Step(ctx, weights)
			require.NoError(t, err, name)
		}
		whole, want := start()
		_, err := whole.Reset(ctx, 3)
		require.NoError(t, err)
		for k := range 15 {
			if k == 3 && name == "" {
				step(whole, [][]float64{{1, 2, 1, 1, 0.5, 1, 1}, {2, 1, 1, 1, 1, 1, 3}})
				continue
			}
			step(whole, nil)
		}
		state, err := whole.Save()
		require.NoError(t, err, name)
		before := len(*want)
		part, got := start()
		_, err = part.Restore(ctx, state)
		require.NoError(t, err, name)
		for range 15 {
			step(whole, nil)
			step(part, nil)
		}
		require.Greater(t, len(*got), 5000)
		require.Equal(t, (*want)[before:], *got, name)
	}
}

// TestRestoreRefuses: damaged bytes and those of another configuration leave
// no episode behind.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e, _ := open(t, 1)
	_, err := e.Save()
	require.ErrorIs(t, err, env.ErrNotReset)
	_, err = e.Reset(ctx, 1)
	require.NoError(t, err)
	_, err = e.Step(ctx, nil)
	require.NoError(t, err)
	state, err := e.Save()
	require.NoError(t, err)
	refused := func(e *Env, state []byte, want string) {
		t.Helper()
		_, err := e.Restore(ctx, state)
		require.ErrorIs(t, err, snapshot.ErrDamaged)
		require.ErrorContains(t, err, want)
		_, err = e.Step(ctx, nil)
		require.ErrorIs(t, err, env.ErrNotReset)
	}
	for n := range state {
		if n%7 == 0 {
			refused(e, state[:n], "checksum")
			spoilt := append([]byte(nil), state...)
			spoilt[n] ^= 4
			refused(e, spoilt, "checksum")
		}
	}
	other, _ := open(t, 3)
	refused(other, state, "its configuration differs")
	_, err = e.Restore(ctx, state)
	require.NoError(t, err)

	cfg := moderate(t)
	cfg.Workload = func(uint64) (workload.Source, error) { return &fixed{times: []float64{1}, demand: 4}, nil }
	unsaved, err := New(cfg)
	require.NoError(t, err)
	_, err = unsaved.Reset(ctx, 1)
	require.NoError(t, err)
	_, err = unsaved.Save()
	require.ErrorIs(t, err, env.ErrUnsupported)
}

// TestGoldenTrace: the same seed gives the same outcomes, bit for bit, as it
// did when these digests were written down.
func TestGoldenTrace(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("recorded on amd64; other processors fuse multiplications with additions")
	}
	for _, test := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"web-moderate/sed", web(t, "sed"), "38a74a9fc2f19e35"},
		{"web-moderate/oracle", web(t, "oracle"), "a70ff1f814d06aaa"},
		{"sim-moderate/agents", moderate(t), "765398393ce94aa9"},
	} {
		test.cfg.Duration = 20
		rec, _ := episode(t, test.cfg, 5)
		h := sha256.New()
		for _, o := range rec {
			fmt.Fprintln(h, o)
		}
		require.Equal(t, test.want, hex.EncodeToString(h.Sum(nil)[:8]), test.name)
	}
}
