//go:build linux

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/shm"
)

// TestAgentOverSharedMemory: the command steers a plane in shared memory, and ends when
// it is told to.
func TestAgentOverSharedMemory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "region")
	plane, err := shm.Create(path, shm.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, plane.Close()) }()
	clock, err := shm.NewClock()
	require.NoError(t, err)
	for j, name := range []string{"fast", "slow"} {
		require.NoError(t, plane.Set(j, name))
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, said bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"agent", "--plane", "shm:" + path, "--interval", "0.005", "--log", "-"}, &out, &said)
	}()
	weights := make([]float64, plane.Slots())
	for weights[1] == 0 || weights[0]/weights[1] < 1.5 {
		require.NoError(t, ctx.Err(), "weights %v", weights[:2])
		for j, duration := range []float64{0.01, 0.04} {
			s := plane.Server(j)
			s.Dispatched++
			s.Completed++
			s.DurationSum += duration
			s.CountSum++
		}
		require.NoError(t, plane.Publish(clock.Now()))
		plane.Weights(weights)
		time.Sleep(time.Millisecond) // as flows come, not a condition
	}
	_, alive := plane.AgentAge(clock.Now())
	require.True(t, alive)
	cancel()
	require.NoError(t, <-ended)
	first, _, _ := strings.Cut(out.String(), "\n")
	require.Contains(t, first, `"by":"self-tuning"`)
}

// TestAgentFaults: what it is told wrongly is a usage error that says how to put it right.
func TestAgentFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, want string }{
		{"agent", "--plane: at least one is needed"},
		{"agent --plane shm:", `must be shm:PATH, v1:PATH`},
		{"agent --plane none.yaml", "none.yaml"},
		{"agent nothing --plane shm:/dev/shm/x", "nothing"},
		{"agent --servers a,b --plane shm:/dev/shm/x", "--servers: self-tuning takes a plane's servers as they are"},
		{"agent --plane shm:/dev/shm/x --listen :80", "--listen :80: must be a loopback address"},
	} {
		err := run(t.Context(), strings.Fields(test.args), new(bytes.Buffer), new(bytes.Buffer))
		require.ErrorContains(t, err, test.want, test.args)
		require.Equal(t, exitUsage, exitCode(err), test.args)
	}
}
