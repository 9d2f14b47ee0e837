package haproxy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"fairlb/env/settings"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	got, err := ParseAddress("haproxy:/run/haproxy.sock?backend=web&log=udp:127.0.0.1:5514&interval=0.25&conflict=reassert")
	require.NoError(t, err)
	want := DefaultConfig()
	want.Socket, want.Backend, want.Log = "/run/haproxy.sock", "web", "udp:127.0.0.1:5514"
	want.Interval, want.Conflict = 0.25, "reassert"
	require.Empty(t, cmp.Diff(want, got))
}

func TestParseAddressRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, want string }{
		{"shm:/x", "must begin with haproxy:"},
		{"haproxy:/s?backend", `"backend" must have the form field=value`},
		{"haproxy:/s?backend=a&backend=b", "backend is given twice"},
		{"haproxy:/s?backend=a&socket=/t&log=unix:/l", "socket is given twice"},
		{"haproxy:?backend=a&log=unix:/l", "must not be empty"},
		{"haproxy:/s?log=unix:/l", "must be a backend's name"},
		{"haproxy:/s?backend=a;quit&log=unix:/l", "must be a backend's name"},
		{"haproxy:/s?backend=a", "must be udp:HOST:PORT or unix:PATH"},
		{"haproxy:/s?backend=a&log=udp:1.2.3.4:5", "must be a loopback address"},
		{"haproxy:/s?backend=a&log=udp:127.0.0.1", "must have the form HOST:PORT"},
		{"haproxy:10.0.0.1:99?backend=a&log=unix:/l", "must be a loopback address"},
		{"haproxy:/s?backend=a&log=unix:/l&bakend=b", `did you mean "backend"?`},
		{"haproxy:/s?backend=a&log=unix:/l&balance=first", "must be auto, leastconn, roundrobin or random"},
		{"haproxy:/s?backend=a&log=unix:/l&scale=257", "must be in [0, 256]"},
		{"haproxy:/s?backend=a&log=unix:/l&interval=2", "must be at least two intervals"},
		{"haproxy:/s?backend=a&log=unix:/l&log_mode=0999", "must be permissions in octal"},
		{"haproxy:/s?backend=a&log=unix:/l&journal=", "must be a file's name, auto or none"},
		{"haproxy:/s?backend=a&log=unix:/l&interval=nan", "nan"},
	} {
		_, err := ParseAddress(test.address)
		require.ErrorIs(t, err, ErrAddress, test.address)
		require.ErrorContains(t, err, test.want)
	}
}

func TestLoadNamesEveryFaultWithItsLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plane.yaml")
	require.NoError(t, os.WriteFile(path, []byte("socket: /run/haproxy.sock\nbackend: web\nlog: udp:0.0.0.0:5514\nyield_for: -1\n"), 0o600))
	_, err := Load(path)
	var faults settings.Errors
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults, 2)
	require.ErrorContains(t, err, path+":3:6: log")
	require.ErrorContains(t, err, path+":4:12: yield_for")
}
