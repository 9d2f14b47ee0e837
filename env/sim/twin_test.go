package sim

import (
	"cmp"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/workload"
)

// twin is the same model done naively: plain lists of tasks, each with the
// service it still needs, brought forward event by event; no virtual time, no
// heap, no running sums. It knows no latency, and the rule of dispatch is
// shared with the engine.
type twin struct {
	cfg      *Config
	arrivals []workload.Request // to come
	changes  []Change           // to come
	now      float64
	servers  []twinServer
	ongoing  [][]int32 // by LB and server
	oracle   bool
	outcomes outcomes
}

type twinServer struct {
	speed   float64
	cpu, io []*twinTask // in service
	waiting []*twinTask
}

type twinTask struct {
	request   workload.Request
	stage     int
	remaining float64 // s of service at nominal speed
	server    int
}

func newTwin(cfg *Config, arrivals []workload.Request, oracle bool) *twin {
	w := &twin{cfg: cfg, arrivals: arrivals, changes: cfg.Changes, oracle: oracle}
	for _, s := range cfg.Servers {
		w.servers = append(w.servers, twinServer{speed: s.Speed})
	}
	for range cfg.LBs {
		w.ongoing = append(w.ongoing, make([]int32, len(cfg.Servers)))
	}
	return w
}

// cpuRate is eq. 42 (or FIFO's full speed) for each task in service.
func (w *twin) cpuRate(j int) float64 {
	n, p := float64(len(w.servers[j].cpu)), float64(w.cfg.Servers[j].CPUs)
	return w.servers[j].speed * min(1, p/n)
}

// limit is the number of CPU tasks that server j serves at once.
func (w *twin) limit(j int) int {
	if w.cfg.CPU == FIFO {
		return w.cfg.Servers[j].CPUs
	}
	return w.cfg.Workers
}

// advance runs to the time until.
func (w *twin) advance(until float64) {
	for {
		// What comes next: a completion, an arrival, a change, or the end.
		next := until
		var done *twinTask
		for j := range w.servers {
			s := &w.servers[j]
			for _, x := range s.cpu {
				if at := w.now + x.remaining/w.cpuRate(j); at < next {
					next, done = at, x
				}
			}
			for _, x := range s.io {
				if at := w.now + x.remaining*float64(len(s.io)); at < next {
					next, done = at, x
				}
			}
		}
		arrives := len(w.arrivals) > 0 && w.arrivals[0].Time < next
		if arrives {
			next = w.arrivals[0].Time
		}
		changes := len(w.changes) > 0 && w.changes[0].At < next
		if changes {
			next = w.changes[0].At
		}
		for j := range w.servers {
			s, rate := &w.servers[j], w.cpuRate(j)
			for _, x := range s.cpu {
				x.remaining -= (next - w.now) * rate
			}
			for _, x := range s.io {
				x.remaining -= (next - w.now) / float64(len(s.io))
			}
		}
		w.now = next
		switch {
		case changes:
			w.servers[w.changes[0].Server].speed = w.changes[0].Speed
			w.changes = w.changes[1:]
		case arrives:
			w.arrive(w.arrivals[0])
			w.arrivals = w.arrivals[1:]
		case done != nil:
			w.complete(done)
		default:
			return
		}
	}
}

func (w *twin) arrive(r workload.Request) {
	x := &twinTask{request: r, remaining: r.Demand[0]}
	if w.oracle {
		x.server = soonest(len(w.servers), func(j int) float64 { return w.finish(j, r) })
	} else {
		x.server = shortest(w.ongoing[r.LB])
	}
	w.ongoing[r.LB][x.server]++
	s := &w.servers[x.server]
	if w.resource(x) == workload.CPU && len(s.cpu) >= w.limit(x.server) && len(s.waiting) >= w.cfg.Backlog {
		w.end(x, w.cfg.Timeout, true)
		return
	}
	w.join(x)
}

func (w *twin) resource(x *twinTask) workload.Resource {
	return w.cfg.Classes[x.request.Class].Stages[x.stage].Resource
}

func (w *twin) join(x *twinTask) {
	s := &w.servers[x.server]
	x.remaining = x.request.Demand[x.stage]
	switch {
	case w.resource(x) == workload.IO:
		s.io = append(s.io, x)
	case len(s.cpu) < w.limit(x.server):
		s.cpu = append(s.cpu, x)
	default:
		s.waiting = append(s.waiting, x)
	}
}

func (w *twin) complete(x *twinTask) {
	s := &w.servers[x.server]
	is := func(y *twinTask) bool { return y == x }
	if w.resource(x) == workload.IO {
		s.io = slices.DeleteFunc(s.io, is)
	} else {
		s.cpu = slices.DeleteFunc(s.cpu, is)
		if len(s.waiting) > 0 {
			s.cpu = append(s.cpu, s.waiting[0])
			s.waiting = s.waiting[1:]
		}
	}
	if x.stage++; x.stage == len(x.request.Demand) {
		w.end(x, w.now-x.request.Time, false)
		return
	}
	w.join(x)
}

func (w *twin) end(x *twinTask, completion float64, failed bool) {
	w.ongoing[x.request.LB][x.server]--
	w.outcomes.Record(env.Outcome{Arrival: x.request.Time, Completion: completion, Class: x.request.Class, LB: x.request.LB, Server: x.server, Failed: failed})
}

// work returns the CPU and IO demand left at a server, all stages to come.
func (w *twin) work(j int) [2]float64 {
	var sum [2]float64
	s := &w.servers[j]
	for _, x := range slices.Concat(s.cpu, s.io, s.waiting) {
		sum[w.resource(x)] += x.remaining
		for k := x.stage + 1; k < len(x.request.Demand); k++ {
			sum[w.cfg.Classes[x.request.Class].Stages[k].Resource] += x.request.Demand[k]
		}
	}
	return sum
}

// finish is the Oracle's figure: all work left and the request's.
func (w *twin) finish(j int, r workload.Request) float64 {
	sum := w.work(j)
	for k, d := range r.Demand {
		sum[w.cfg.Classes[r.Class].Stages[k].Resource] += d
	}
	return max(sum[0]/(float64(w.cfg.Servers[j].CPUs)*w.servers[j].speed), sum[1])
}

// shortest is the shared rule without foresight: the first of fewest.
func shortest(ongoing []int32) int { return slices.Index(ongoing, slices.Min(ongoing)) }

// soonest is the shared rule with foresight: the first that is within rounding
// of the soonest.
func soonest(servers int, finish func(int) float64) int {
	best := math.Inf(1)
	for j := range servers {
		best = min(best, finish(j))
	}
	for j := 0; ; j++ {
		if finish(j) <= best+1e-9 {
			return j
		}
	}
}

// sharedRule lets the engine dispatch as the twin does.
type sharedRule struct{ oracle bool }

func (r sharedRule) Pick(v *dispatch.View) int {
	if r.oracle {
		return soonest(len(v.Ongoing), v.Oracle.Finish)
	}
	return shortest(v.Ongoing)
}

// scripted is a source of given requests.
type scripted []workload.Request

func (s *scripted) Next(r *workload.Request) error {
	if len(*s) == 0 {
		return io.EOF
	}
	x := (*s)[0]
	*s = (*s)[1:]
	r.Time, r.Class, r.LB = x.Time, x.Class, x.LB
	r.Demand = append(r.Demand[:0], x.Demand...)
	return nil
}

func (s *scripted) Close() error { return nil }

// smallSystem draws a configuration without latency and its requests.
func smallSystem(rng *rand.Rand) (Config, []workload.Request) {
	cfg := Config{
		LBs: 1 + rng.IntN(3), CPU: Discipline(rng.IntN(2)), Backlog: rng.IntN(6), Timeout: 40,
		StepInterval: 0.5 + rng.Float64(), MaxLogWeight: 1,
	}
	if rng.IntN(2) == 0 {
		cfg.Backlog = 1000
	}
	procs, capacity := 0, 0.0
	for range 1 + rng.IntN(4) {
		s := Server{CPUs: 1 + rng.IntN(3), Speed: 0.5 + rng.Float64()}
		cfg.Servers = append(cfg.Servers, s)
		procs, capacity = max(procs, s.CPUs), capacity+float64(s.CPUs)*s.Speed
	}
	cfg.Workers = procs + rng.IntN(4)
	for range 1 + rng.IntN(3) {
		class := workload.Class{Stages: make([]workload.Stage, 1+rng.IntN(4))}
		for k := range class.Stages {
			class.Stages[k].Resource = workload.Resource(rng.IntN(2))
		}
		cfg.Classes = append(cfg.Classes, class)
	}
	rate := capacity * (0.3 + rng.Float64())
	var list []workload.Request
	now := 0.0
	for range 40 + rng.IntN(80) {
		now += rng.ExpFloat64() / rate
		r := workload.Request{Time: now, Class: rng.IntN(len(cfg.Classes)), LB: rng.IntN(cfg.LBs)}
		for range cfg.Classes[r.Class].Stages {
			demand := rng.ExpFloat64() / 2
			if rng.IntN(20) == 0 {
				demand = 0
			}
			r.Demand = append(r.Demand, demand)
		}
		list = append(list, r)
	}
	at := 0.0
	for range rng.IntN(5) {
		at += rng.Float64() * now / 2
		cfg.Changes = append(cfg.Changes, Change{At: at, Server: rng.IntN(len(cfg.Servers)), Speed: 0.2 + 2*rng.Float64()})
	}
	cfg.Duration = cfg.StepInterval * math.Ceil(now/cfg.StepInterval)
	return cfg, list
}

// TestNaiveTwin holds the engine to the twin, outcome for outcome, and the
// true state at each step to the twin's, on random small systems.
func TestNaiveTwin(t *testing.T) {
	t.Parallel()
	total, failed := 0, 0
	for seed := range uint64(500) {
		cfg, list := smallSystem(rand.New(rand.NewPCG(seed, 99)))
		oracle := seed%2 == 1
		slow := newTwin(&cfg, list, oracle)

		var rec outcomes
		cfg.Recorder = &rec
		cfg.Workload = func(uint64) (workload.Source, error) { s := scripted(list); return &s, nil }
		fast, err := New(cfg)
		require.NoError(t, err)
		for i := range fast.engine.rules {
			fast.engine.rules[i] = sharedRule{oracle}
		}
		_, err = fast.Reset(context.Background(), 1)
		require.NoError(t, err)
		var truth env.Truth
		for range fast.Spec().Steps {
			step, err := fast.Step(context.Background(), nil)
			require.NoError(t, err)
			slow.advance(step.Time)
			require.NoError(t, fast.Truth(&truth))
			for j := range slow.servers {
				s, work := &slow.servers[j], slow.work(j)
				require.InDelta(t, work[0], truth.CPUWork[j], 1e-9, "system %d", seed)
				require.InDelta(t, work[1], truth.IOWork[j], 1e-9, "system %d", seed)
				require.Equal(t, len(s.cpu)+len(s.io), truth.Running[j], "system %d", seed)
				require.Equal(t, len(s.waiting), truth.Backlog[j], "system %d", seed)
				require.Equal(t, s.speed, truth.Speed[j], "system %d", seed)
			}
		}
		require.NoError(t, fast.Drain(context.Background()))
		slow.advance(math.Inf(1))

		require.Len(t, rec, len(list), "system %d", seed)
		require.Len(t, slow.outcomes, len(list), "system %d", seed)
		byArrival := func(a, b env.Outcome) int { return cmp.Compare(a.Arrival, b.Arrival) }
		slices.SortFunc(rec, byArrival)
		slices.SortFunc(slow.outcomes, byArrival)
		for k, want := range slow.outcomes {
			got := rec[k]
			require.InDelta(t, want.Completion, got.Completion, 1e-9, "system %d, request %d", seed, k)
			got.Completion = want.Completion
			require.Equal(t, want, got, "system %d, request %d", seed, k)
			if want.Failed {
				failed++
			}
		}
		total += len(list)
	}
	require.Greater(t, failed, total/100, "some must be refused")
	require.Less(t, failed, total/2)
}
