package agentprocess

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
	"fairlb/env/testbed/testbedtest"
)

// TestReadKey: a key is a file that is long enough and its owner's alone.
func TestReadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	_, err := ReadKey(path)
	require.ErrorContains(t, err, "no such file")
	require.NoError(t, os.WriteFile(path, []byte("0123456789abcde\n"), 0o600))
	_, err = ReadKey(path)
	require.ErrorContains(t, err, "15 bytes: must be at least 16")
	require.NoError(t, os.WriteFile(path, []byte("0123456789abcdef\n"), 0o600))
	key, err := ReadKey(path)
	require.NoError(t, err)
	require.Equal(t, "0123456789abcdef", string(key))
	require.NoError(t, os.Chmod(path, 0o640))
	_, err = ReadKey(path)
	require.ErrorContains(t, err, "chmod 600")
	_, err = ReadKey(t.TempDir())
	require.ErrorContains(t, err, "must be a file")
}

// TestLend: what is lent at an address is the source of that address; and addresses of
// which something is wrong are refused.
func TestLend(t *testing.T) {
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key")
	require.NoError(t, os.WriteFile(keyFile, []byte("0123456789abcdef"), 0o600))
	key, err := ReadKey(keyFile)
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	pool := testbedtest.NewPool(testbedtest.PoolConfig{LBs: 1, Speed: []float64{1, 1}, Rate: 5}, testbedtest.NewClock())
	tries := 0
	cfg := LendConfig{Listen: "unix:" + filepath.Join(dir, "lent"), Key: key, Logger: log, Plane: Source{Name: "pool", Open: func(context.Context) (testbed.Plane, error) {
		if tries++; tries == 1 {
			return nil, testbed.ErrPlaneGone // it comes
		}
		return pool.Plane(0), nil
	}}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Lend(ctx, cfg) }()
	source, err := ParseSource("remote:"+cfg.Listen+"?key="+keyFile, log)
	require.NoError(t, err)
	plane, err := source.Open(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return plane.Beat() == nil }, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, 1, pool.Plane(0).Beats())
	require.NoError(t, plane.Close())
	stop()
	require.NoError(t, <-done)
	require.Equal(t, 1, pool.Plane(0).Closed())

	for address, why := range map[string]string{"0.0.0.0:1": "--public", "host": "HOST:PORT or unix:PATH", "unix:": "HOST:PORT or unix:PATH"} {
		cfg.Listen = address
		require.ErrorContains(t, Lend(t.Context(), cfg), why)
	}
	for text, why := range map[string]string{
		"remote:127.0.0.1:1": "remote:ADDRESS?key=FILE", "remote:x?key=" + keyFile: "HOST:PORT or unix:PATH", "remote:127.0.0.1:1?key=" + dir + "/none": "no such file",
	} {
		_, err := ParseSource(text, log)
		require.ErrorContains(t, err, why)
	}
}
