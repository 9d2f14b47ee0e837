package haproxy

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env/testbed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ended counts the flows that a reading has as ended.
func ended(r *testbed.Reading) (n uint64) {
	for _, s := range r.Servers {
		n += s.Completed + s.Failed
	}
	return n
}

// await reads until a reading is as wanted.
func await(t *testing.T, p *Plane, wanted func(r *testbed.Reading) bool) *testbed.Reading {
	t.Helper()
	var r testbed.Reading
	require.Eventually(t, func() bool { return p.Read(&r) == nil && wanted(&r) }, 20*time.Second, 5*time.Millisecond, "last reading: %+v", &r)
	return &r
}

// open opens a plane that is closed in the end.
func open(t *testing.T, cfg Config) *Plane {
	t.Helper()
	p, err := Open(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() }) // a test that is about it looks at its error
	return p
}
