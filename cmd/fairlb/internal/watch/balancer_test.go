package watch

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/plane/admin"
	"fairlb/env/testbed/testbedtest"
	"fairlb/results/runtrace"
	"fairlb/results/runtrace/frame"
)

// told is a state that may be changed while an administration answers with it.
type told struct {
	mu sync.Mutex
	admin.State
}

// change changes the state.
func (s *told) change(how func(s *admin.State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how(&s.State)
}

// answering is an administration that answers with a state, and its socket.
func answering(t *testing.T, state *told) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "lb.sock")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state.mu.Lock()
		defer state.mu.Unlock()
		if r.URL.Path != "/state" || state.Name == "" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(state.State)
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return socket
}

// TestBalancer: a step is what happened between two answers, half a second apart.
func TestBalancer(t *testing.T) {
	t.Parallel()
	state := &told{State: admin.State{
		Name: "web", Uptime: 100, Decider: "weights", Connections: admin.ConnectionsState{Accepted: 50}, Ended: map[string]uint64{"completed": 40},
		Duration: admin.DurationState{Count: 40, Mean: 1, Buckets: []admin.Bucket{{1, 40}}},
		Servers:  []admin.ServerState{{Name: "a", In: true, Weight: 1, Active: 3, Dispatched: 20, Completed: 15}, {Name: "b", In: true, Weight: 3, Active: 2, Dispatched: 30, Completed: 25}},
	}}
	clock := testbedtest.NewClock()
	b := NewBalancer(t.Context(), answering(t, state), clock)
	h, err := b.Header()
	require.NoError(t, err)
	require.Equal(t, runtrace.Header{Scenario: "web", Target: "weights", Live: true, Interval: 0.5, LBs: 1, Servers: []runtrace.Server{{Name: "a"}, {Name: "b"}}}, h)
	step, err := b.Next()
	require.NoError(t, err)
	require.Equal(t, []int{3, 2}, step.Queue)
	require.Equal(t, [][]float64{{1, 3}}, step.Weights)
	require.Zero(t, step.Ended.Count+step.Arrived+len(step.Ended.Times))
	_, err = b.Next()
	require.ErrorIs(t, err, io.EOF, "half a second has not passed")

	state.change(func(s *admin.State) {
		s.Uptime, s.Connections.Accepted = 100.6, 60
		s.Ended = map[string]uint64{"completed": 46, "server_failed": 2}
		s.Duration = admin.DurationState{Count: 48, Mean: 1.5, Buckets: []admin.Bucket{{1, 42}, {8, 6}}}
		s.Servers[0] = admin.ServerState{Name: "a", Active: 0, Dispatched: 24, Completed: 20, Failed: 2}
	})
	require.NoError(t, clock.WaitUntil(t.Context(), clock.Now().Add(asking)))
	step, err = b.Next()
	require.NoError(t, err)
	require.InDelta(t, 0.6, step.Time, 1e-9)
	step.Time = 0
	require.Equal(t, runtrace.Step{
		Queue: []int{0, 2}, Out: []int{0}, Arrived: 10, Sent: [][]int{{4, 0}}, Completed: [][]int{{5, 0}}, Failed: [][]int{{2, 0}},
		Ended: runtrace.Ended{Count: 8, Failed: 2, Mean: 4, Times: runtrace.Times(nil).Add(1, 2).Add(8, 6)},
	}, step, "a weight of zero is none to divide by")

	next := func() error {
		require.NoError(t, clock.WaitUntil(t.Context(), clock.Now().Add(time.Second)))
		_, err := b.Next()
		require.ErrorIs(t, err, ErrBalancer)
		return err
	}
	require.ErrorContains(t, next(), "another process answers")
	state.change(func(s *admin.State) { s.Uptime, s.Servers = 102, s.Servers[:1] })
	require.ErrorContains(t, next(), "it has other servers now")
	state.change(func(s *admin.State) { s.Name = "" })
	require.ErrorContains(t, next(), "GET /state: 404")
}

// TestSample: what has no end is watched for a time, and seen once.
func TestSample(t *testing.T) {
	t.Parallel()
	state := &told{State: admin.State{Name: "web", Uptime: 7, Decider: "sed", Servers: []admin.ServerState{{Name: "a", In: true, Active: 4}}}}
	clock := testbedtest.NewClock()
	for k := 1; k <= 4; k++ {
		clock.At(time.Duration(k)*asking, func() {
			state.change(func(s *admin.State) { s.Uptime += 0.5; s.Connections.Accepted += 20 })
		})
	}
	var out bytes.Buffer
	b := NewBalancer(t.Context(), answering(t, state), clock)
	require.NoError(t, Sample(t.Context(), &out, b, 4*asking, frame.Size{}, clock))
	require.Contains(t, out.String(), "web, sed  ")
	require.Regexp(t, `(?m)^the last 2 s +40 `, out.String())
	require.Regexp(t, `(?m)^a +4 `, out.String())
}

// TestNoBalancer: where nobody answers it is said.
func TestNoBalancer(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "none")
	_, err := NewBalancer(t.Context(), socket, testbedtest.NewClock()).Header()
	require.ErrorIs(t, err, ErrBalancer)
	require.ErrorContains(t, err, socket)
	_, err = NewBalancer(t.Context(), answering(t, &told{State: admin.State{Name: "web"}}), testbedtest.NewClock()).Next()
	require.ErrorContains(t, err, "it has no servers")
}
