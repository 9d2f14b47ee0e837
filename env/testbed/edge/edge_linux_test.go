package edge

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/parallel"
	"fairlb/env/testbed/epoll"
)

// TestEdge: connections to the virtual address are spread over all load balancers, by
// their ports alone.
func TestEdge(t *testing.T) {
	const lbs, connections = 3, 600
	if err := Check(lbs); err != nil {
		t.Skip(err)
	}
	e, err := New(lbs)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	group, _ := parallel.NewGroup(t.Context())
	var listeners []net.Listener
	for i := range lbs {
		require.NoError(t, epoll.Within(e.Balancer(i), func() error {
			l, err := net.Listen("tcp4", e.Address().String())
			listeners = append(listeners, l)
			return err
		}))
		l := listeners[i]
		group.Go(func() error {
			for {
				c, err := l.Accept()
				if err != nil {
					return nil
				}
				_, err = c.Write([]byte{byte(i)})
				if err != nil {
					return err
				}
				if err := c.Close(); err != nil {
					return err
				}
			}
		})
	}
	counts := make([]int, lbs)
	require.NoError(t, epoll.Within(e.Clients(), func() error {
		for range connections {
			c, err := (&net.Dialer{Timeout: 10 * time.Second}).Dial("tcp4", e.Address().String())
			if err != nil {
				return err
			}
			b, err := io.ReadAll(c)
			if err != nil {
				return err
			}
			counts[b[0]]++
			if err := c.Close(); err != nil {
				return err
			}
		}
		return nil
	}))
	for _, l := range listeners {
		require.NoError(t, l.Close())
	}
	require.NoError(t, group.Wait())
	for _, n := range counts { // six standard deviations of a fair choice
		require.InDelta(t, connections/lbs, n, 70, "%v", counts)
	}
	_, err = New(0)
	require.ErrorContains(t, err, "1 to 63")
}
