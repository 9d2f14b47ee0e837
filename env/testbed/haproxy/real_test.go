//go:build linux

package haproxy

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
)

// What HAProxy tells is what the client saw: as many flows, no shorter than the servers
// took and, of requests, no longer than the client measured. A TCP session lasts until
// HAProxy has seen the client close, which the client's own measure does not contain.
func TestReadingsAreWhatTheClientSaw(t *testing.T) {
	for _, mode := range []string{"http", "tcp"} {
		t.Run(mode, func(t *testing.T) {
			l := newLab(t, 2, mode, "balance leastconn")
			l.servers[1].delay.Store(int64(20 * time.Millisecond))
			p := open(t, l.settings())
			const n = 60
			sum := 0.0
			if mode == "tcp" {
				sum = n * (5 * time.Millisecond).Seconds()
			}
			for _, d := range l.get(n, 4) {
				sum += d.Seconds()
			}
			r := await(t, p, func(r *testbed.Reading) bool { return ended(r) == n && r.Servers[0].Ongoing+r.Servers[1].Ongoing == 0 })
			require.Equal(t, uint64(n), r.Servers[0].Dispatched+r.Servers[1].Dispatched)
			require.Zero(t, r.Servers[0].Failed+r.Servers[1].Failed)
			for j, s := range r.Servers {
				require.EqualValues(t, l.servers[j].requests.Load(), s.Completed, s.Name)
				require.True(t, s.In)
			}
			slow := r.Servers[1]
			require.GreaterOrEqual(t, slow.DurationSum, 0.02*float64(slow.Completed))
			require.LessOrEqual(t, r.Servers[0].DurationSum+slow.DurationSum, sum)
			require.GreaterOrEqual(t, slow.CountSum, float64(slow.Completed), "each flow counts itself")
			require.GreaterOrEqual(t, r.Obs[11+1], float32(0.02), "mean completion time")
			status := p.Status()
			require.EqualValues(t, n, status.Lines)
			require.Zero(t, status.LinesMalformed+status.LinesDropped+status.LinesMissing, "%+v", status)
		})
	}
}

// What a response's header says of its server's requests is in the log, and a server
// whose responses say nothing, or nonsense, is read all the same.
func TestHeadersAreRead(t *testing.T) {
	l := newLab(t, 3, "told", "balance roundrobin")
	left, nonsense := "6", "many more"
	l.servers[0].left.Store(&left)
	l.servers[1].left.Store(&nonsense)
	p := open(t, l.settings())
	l.get(30, 1)
	r := await(t, p, func(r *testbed.Reading) bool { return ended(r) == 30 })
	told := r.Servers[0].Told
	require.EqualValues(t, 10, told.Flows)
	require.EqualValues(t, 490, told.Squares)
	require.LessOrEqual(t, told.Others, 60.0)
	require.GreaterOrEqual(t, told.Others, 50.0, "HAProxy may count a request still that has just ended, one of 7 each")
	require.EqualValues(t, 7, told.Last)
	require.InDelta(t, 7*r.Servers[0].DurationSum, told.Durations, 1e-9)
	require.Zero(t, r.Servers[1].Told)
	require.Zero(t, r.Servers[2].Told)
	require.EqualValues(t, 10, p.Status().ToldMalformed)
	require.Zero(t, p.Status().LinesMalformed)
}

func TestFlowsUnderWayAreCountedAndAge(t *testing.T) {
	l := newLab(t, 1, "http", "balance leastconn")
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	l.servers[0].hold.Store(&hold)
	p := open(t, l.settings())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		l.get(3, 3)
	}()
	r := await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Ongoing == 3 })
	require.EqualValues(t, 3, r.Obs[0])
	await(t, p, func(r *testbed.Reading) bool { return r.Load[0] > 0.1 })
	release()
	<-finished
	await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Ongoing == 0 && r.Servers[0].Completed == 3 })
}

func TestTrafficFollowsWeights(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	p := open(t, l.settings())
	require.NoError(t, p.Write([]float64{3, 1}))
	require.Equal(t, []int{256, 256}, l.weights(), "nothing is known of the servers yet, so that all get the same")
	l.get(20, 2)
	await(t, p, func(r *testbed.Reading) bool { return ended(r) == 20 })
	require.NoError(t, p.Write([]float64{3, 1}))
	require.Equal(t, []int{256, 85}, l.weights())
	before := l.servers[0].requests.Load()
	l.get(400, 2)
	require.InDelta(t, 300, l.servers[0].requests.Load()-before, 20)
	require.NoError(t, p.Close())
	require.Equal(t, []int{100, 100}, l.weights(), "the first weights come back")
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Write([]float64{1, 1}), ErrClosed)
}

func TestFailuresCount(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin", "retries 1", "option redispatch")
	l.servers[1].status.Store(500)
	p := open(t, l.settings())
	l.get(20, 1)
	r := await(t, p, func(r *testbed.Reading) bool { return ended(r) == 20 })
	require.EqualValues(t, 10, r.Servers[1].Failed)
	l.servers[1].Close() // connections to it are refused, and go to the other server
	l.get(10, 1)
	r = await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Completed == 20 })
	require.Greater(t, r.Servers[1].Failed, uint64(10))
	require.Equal(t, r.Servers[1].Failed, r.Servers[1].Dispatched, "each try that failed was one that was sent there")
}

// knowBoth lets the plane learn enough of both servers that weights are their own.
func knowBoth(t *testing.T, l *lab, p *Plane) {
	t.Helper()
	var r testbed.Reading
	require.NoError(t, p.Read(&r))
	n := ended(&r)
	l.get(10, 1)
	await(t, p, func(r *testbed.Reading) bool { return ended(r) == n+10 })
}

func TestAnotherWriterIsYieldedTo(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	cfg := l.settings()
	cfg.YieldFor = 0
	p := open(t, cfg)
	knowBoth(t, l, p)
	require.NoError(t, p.Write([]float64{2, 1}))
	_, err := l.command("set server web/s0 weight 7")
	require.NoError(t, err)
	await(t, p, func(*testbed.Reading) bool { return p.Status().Conflicts == 1 })
	require.NoError(t, p.Write([]float64{1, 2}))
	require.Equal(t, 7, l.weights()[0], "the other writer's")
	require.Equal(t, []string{"s0"}, p.Status().Yielded)
	require.NoError(t, p.Release("s0"))
	require.NoError(t, p.Write([]float64{1, 2}))
	require.Equal(t, []int{128, 256}, l.weights())
	require.NoError(t, p.Close())
	require.Equal(t, []int{7, 100}, l.weights(), "what the other writer wanted, and what was there first")
}

func TestWeightsAreReassertedWithoutAnotherWrite(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	cfg := l.settings()
	cfg.Conflict = conflictReassert
	p := open(t, cfg)
	knowBoth(t, l, p)
	require.NoError(t, p.Write([]float64{2, 1}))
	_, err := l.command("set server web/s0 weight 7")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return l.weights()[0] == 256 }, 20*time.Second, 5*time.Millisecond)
	_, err = l.command("set server web/s0 weight 0")
	require.NoError(t, err)
	r := await(t, p, func(r *testbed.Reading) bool { return !r.Servers[0].In })
	require.True(t, r.Servers[1].In)
	require.NoError(t, p.Write([]float64{2, 1}))
	require.Zero(t, l.weights()[0], "a server that was drained stays so")
	require.NoError(t, p.Close())
	require.Equal(t, []int{0, 100}, l.weights())
}

func TestStatesAndDynamicServers(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	p := open(t, l.settings())
	_, err := l.command("set server web/s0 state drain")
	require.NoError(t, err)
	await(t, p, func(r *testbed.Reading) bool { return !r.Servers[0].In && r.Servers[1].In })
	_, err = l.command("set server web/s0 state maint")
	require.NoError(t, err)
	extra := newLabServer(t)
	_, err = l.command("add server web/extra "+extra.Listener.Addr().String()+" weight 50", "enable server web/extra")
	require.NoError(t, err)
	r := await(t, p, func(r *testbed.Reading) bool { return len(r.Servers) == 3 && r.Servers[2].In })
	require.Equal(t, "extra", r.Servers[2].Name)
	_, err = l.command("disable server web/extra", "del server web/extra")
	require.NoError(t, err)
	await(t, p, func(r *testbed.Reading) bool { return r.Servers[2].Name == "" })
	_, err = l.command("set server web/s0 state ready")
	require.NoError(t, err)
	await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].In })
}

func TestHAProxyIsKilledAndComesBack(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	cfg := l.settings()
	cfg.Gone = 0.2
	p := open(t, cfg)
	knowBoth(t, l, p)
	require.NoError(t, p.Write([]float64{2, 1}))
	var r testbed.Reading
	require.NoError(t, p.Read(&r))
	epoch := r.Epoch
	l.stop()
	require.Eventually(t, func() bool { return p.Read(&r) != nil }, 20*time.Second, 5*time.Millisecond)
	require.ErrorIs(t, p.Read(&r), testbed.ErrPlaneGone)
	require.Error(t, p.Write([]float64{1, 2}))
	l.start(findHAProxy(t))
	back := await(t, p, func(r *testbed.Reading) bool { return r.Epoch != epoch })
	require.Zero(t, back.Servers[0].Completed, "counters begin anew")
	require.Zero(t, p.Status().Conflicts, "the weights of its configuration are nobody's writing")
	require.Eventually(t, func() bool { w := l.weights(); return w[0] == 128 && w[1] == 256 }, 20*time.Second, 5*time.Millisecond, "the weights that were wanted last")
	knowBoth(t, l, p)
	require.NoError(t, p.Close())
	require.Equal(t, []int{100, 100}, l.weights())
}

// A reload starts a process that answers, while the one before serves what it has; what
// that one logs is none of the new one's flows.
func TestHAProxyIsReloaded(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	p := open(t, l.settings())
	knowBoth(t, l, p)
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	l.servers[0].hold.Store(&hold)
	l.servers[1].hold.Store(&hold)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		l.get(2, 2)
	}()
	before := await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Ongoing+r.Servers[1].Ongoing == 2 })
	epoch, old := before.Epoch, l.cmd
	l.start(findHAProxy(t), "-sf", strconv.Itoa(old.Process.Pid))
	r := await(t, p, func(r *testbed.Reading) bool { return r.Epoch != epoch })
	require.Zero(t, r.Servers[0].Ongoing+r.Servers[1].Ongoing)
	dropped := p.Status().LinesDropped
	release()
	<-finished
	_ = old.Wait() // it ends now that it has nothing left
	await(t, p, func(*testbed.Reading) bool { return p.Status().LinesDropped == dropped+2 })
	require.NoError(t, p.Read(r))
	require.Zero(t, ended(r))
	knowBoth(t, l, p)
}

// A process that is killed brings nothing back; the one after it does.
func TestFirstWeightsSurviveACrash(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	cfg := l.settings()
	p := open(t, cfg)
	knowBoth(t, l, p)
	require.NoError(t, p.Write([]float64{2, 1}))
	crashed := p.journalCopy(t)
	require.NoError(t, p.Close())
	crashed() // what a killed process leaves: its journal and its weights
	_, err := l.command("set server web/s0 weight 256", "set server web/s1 weight 128")
	require.NoError(t, err)
	after := open(t, cfg)
	require.Equal(t, []int{256, 128}, l.weights())
	require.NoError(t, after.Close())
	require.Equal(t, []int{100, 100}, l.weights())
}

func TestWeightsComeBackWhenTheContextEndsAndWhenNobodySteers(t *testing.T) {
	l := newLab(t, 2, "http", "balance roundrobin")
	cfg := l.settings()
	cfg.Patience = 1
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p, err := Open(ctx, cfg)
	require.NoError(t, err)
	knowBoth(t, l, p)
	require.NoError(t, p.Write([]float64{2, 1}))
	require.Eventually(t, func() bool { return l.weights()[0] == 100 && l.weights()[1] == 100 }, 20*time.Second, 10*time.Millisecond, "nobody has beaten")
	require.NoError(t, p.Write([]float64{2, 1}))
	require.Equal(t, []int{256, 128}, l.weights())
	cancel()
	<-p.done
	require.Equal(t, []int{100, 100}, l.weights())
	require.NoError(t, p.Close())
}

func TestBackendsThatDoNotFollowWeightsAreRefused(t *testing.T) {
	for _, test := range []struct{ balance, stated, want string }{
		{"first", auto, "does not follow weights"},
		{"static-rr", auto, "does not follow weights"},
		{"source", auto, "does not follow weights"},
		{"random", auto, "state it in the settings"},
		{"leastconn", "random", "the settings say random"},
	} {
		t.Run(test.balance, func(t *testing.T) {
			l := newLab(t, 1, "http", "balance "+test.balance)
			cfg := l.settings()
			cfg.Balance = test.stated
			_, err := Open(context.Background(), cfg)
			require.ErrorIs(t, err, ErrBackend)
			require.ErrorContains(t, err, test.want)
		})
	}
	l := newLab(t, 1, "http", "balance random")
	cfg := l.settings()
	cfg.Backend = "nobody"
	_, err := Open(context.Background(), cfg)
	require.ErrorIs(t, err, ErrRefused)
	cfg.Backend, cfg.Balance = "web", "random"
	p := open(t, cfg)
	_, err = Open(context.Background(), cfg)
	require.ErrorIs(t, err, ErrSteered)
	require.NoError(t, p.Close())
}
