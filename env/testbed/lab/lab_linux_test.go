package lab

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLab: two labs have names and addresses of their own, and what is closed leaves
// nothing.
func TestLab(t *testing.T) {
	tools, err := Find(false)
	if err != nil {
		t.Skip(err)
	}
	a, err := Take(tools)
	require.NoError(t, err)
	b, err := Take(tools)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.NotEqual(t, a.Number(), b.Number())
	for _, l := range []*Lab{a, b} {
		here, there := l.Pair(EdgeBlock, 63)
		require.Equal(t, here.Next(), there)
		require.True(t, netip.MustParsePrefix("198.18.0.0/15").Contains(there))
		require.NoError(t, l.Batch("", "netns add "+l.Namespace("x")+"\nlink add "+l.Link("x")+" type veth peer name eth0 netns "+l.Namespace("x")+"\n"))
		require.NoError(t, l.Batch(l.Namespace("x"), "addr add "+there.String()+"/30 dev eth0\n"))
	}
	require.Error(t, a.Batch("", "netns add "+a.Namespace("x")+"\n"))
	number := a.Number()
	require.NoError(t, a.Close())
	left, _, err := Left(tools, number)
	require.NoError(t, err)
	require.Empty(t, left)
	_, living, err := Left(tools, b.Number())
	require.NoError(t, err)
	require.True(t, living)
	require.FileExists(t, b.Path("x"))
}
