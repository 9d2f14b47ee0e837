package apache

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAcceptQueue: the kernel's table tells how many connections wait.
func TestAcceptQueue(t *testing.T) {
	t.Parallel()
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	n, err := acceptQueue(head +
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000009 00:00000000 00000000     0        0 1 1\n" +
		"   1: 00000000:0050 00000000:0000 0A 00000000:0000002A 00:00000000 00000000     0        0 2 1\n")
	require.NoError(t, err)
	require.Equal(t, 42, n)
	_, err = acceptQueue(head)
	require.Error(t, err)
}

// TestOverflows: the kernel's table tells how often a backlog was full.
func TestOverflows(t *testing.T) {
	t.Parallel()
	n, err := overflows("TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 17 18\nIpExt: InNoRoutes\nIpExt: 3\n")
	require.NoError(t, err)
	require.Equal(t, 17, n)
	_, err = overflows("TcpExt: SyncookiesSent\nTcpExt: 1\n")
	require.Error(t, err)
}
