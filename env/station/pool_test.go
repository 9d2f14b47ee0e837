package station

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env"
	_ "fairlb/env/propertytest"
	"fairlb/env/workload"
)

var testPaths = [][]workload.Resource{{workload.CPU}, {workload.IO}, {workload.CPU, workload.IO}, {workload.CPU, workload.IO, workload.CPU}}

// slowPool is what Pool computes, but each task is followed by itself: it knows no
// virtual time, no queue of events and no tournament.
type slowPool struct {
	cfg     Config
	now     float64
	servers []slowServer
}

type slowServer struct {
	cpus, speed, background float64
	tasks                   []*slowTask // in the order in which they came to where they are
	held                    int
}

type slowTask struct {
	id      uint32
	path    []workload.Resource
	left    []float64 // s, by stage from the present one on
	waiting bool      // for a worker or, unless prefork, for a place in CPU service
	done    float64   // s, the time of its completion
}

func (s *slowServer) inService(r workload.Resource) (n int) {
	for _, t := range s.tasks {
		if !t.waiting && t.path[0] == r {
			n++
		}
	}
	return n
}

func (p *slowPool) limit(s *slowServer) int {
	if p.cfg.CPU == FIFO {
		return int(s.cpus)
	}
	return p.cfg.Workers
}

// admit lets those that wait begin for whom there is room.
func (p *slowPool) admit(s *slowServer) {
	for _, t := range s.tasks {
		if t.waiting && p.cfg.Prefork && s.held < p.cfg.Workers {
			t.waiting = false
			s.held++
		}
		if t.waiting && !p.cfg.Prefork && s.inService(workload.CPU) < p.limit(s) {
			t.waiting = false
		}
	}
}

func (p *slowPool) arrive(server int, t *slowTask) {
	s := &p.servers[server]
	t.waiting = p.cfg.Prefork || t.path[0] == workload.CPU
	s.tasks = append(s.tasks, t)
	p.admit(s)
}

// rate returns how fast a task's present stage is served.
func (p *slowPool) rate(s *slowServer, t *slowTask) float64 {
	if t.path[0] == workload.IO {
		return 1 / float64(s.inService(workload.IO))
	}
	n := float64(s.inService(workload.CPU)) + s.background
	return s.speed * min(1, p.cfg.Processors.Work(n, s.cpus)/n)
}

// advance lets time pass until the given one, from one completion of a stage to the
// next.
func (p *slowPool) advance(until float64) {
	for p.now < until {
		var first *slowTask
		var at *slowServer
		dt := until - p.now
		for j := range p.servers {
			s := &p.servers[j]
			for _, t := range s.tasks {
				if !t.waiting && t.left[0]/p.rate(s, t) < dt {
					first, at, dt = t, s, t.left[0]/p.rate(s, t)
				}
			}
		}
		for j := range p.servers {
			s := &p.servers[j]
			for _, t := range s.tasks {
				if !t.waiting {
					t.left[0] -= dt * p.rate(s, t)
				}
			}
		}
		if p.now += dt; first == nil {
			p.now = until
			return
		}
		p.completeStage(at, first)
	}
}

func (p *slowPool) completeStage(s *slowServer, t *slowTask) {
	t.path, t.left = t.path[1:], t.left[1:]
	s.tasks = slices.DeleteFunc(s.tasks, func(x *slowTask) bool { return x == t })
	if len(t.path) == 0 {
		t.done = p.now
		s.held--
	} else {
		p.admit(s) // those that wait already go first
		t.waiting = !p.cfg.Prefork && t.path[0] == workload.CPU
		s.tasks = append(s.tasks, t)
	}
	p.admit(s)
}

// TestPool compares completions with those of small steps, and the work that servers
// say is left with the demands that are: of every discipline, with threads, contention,
// workers held for a whole request, and servers that change.
func TestPool(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		cfg := Config{CPU: Discipline(rng.IntN(2)), Workers: 3 + rng.IntN(3), Backlog: 100}
		cfg.Prefork = cfg.CPU == ProcessorSharing && rng.IntN(2) == 0
		cfg.Processors = Processors{ThreadsPerCore: rng.IntN(3), ThreadGain: 0.3, Contention: 0.1 * float64(rng.IntN(2))}
		slow := slowPool{cfg: cfg}
		for range 1 + rng.IntN(3) {
			s := Server{CPUs: 1 + rng.IntN(3), Speed: 0.5 + rng.Float64()}
			cfg.Servers = append(cfg.Servers, s)
			slow.servers = append(slow.servers, slowServer{cpus: float64(s.CPUs), speed: s.Speed})
		}
		require.NoError(t, cfg.Validate())
		pool := NewPool(cfg, testPaths)
		pool.Reset()

		done := map[uint32]float64{}
		complete := func(until float64) {
			for pool.NextCompletion() <= until && !math.IsInf(pool.NextCompletion(), 1) {
				at := pool.NextCompletion()
				if id, last := pool.Complete(at); last {
					done[id] = at
				}
			}
		}
		var tasks []*slowTask
		server := func() int { return rng.IntN(len(cfg.Servers)) }
		now := 0.0
		for k := range 120 {
			now += 0.02 * rng.ExpFloat64()
			complete(now)
			slow.advance(now)
			if k%10 == 9 {
				j, s := server(), Server{CPUs: 1 + rng.IntN(3), Speed: 0.5 + rng.Float64()}
				background := float64(rng.IntN(2))
				pool.Adjust(now, Change{Kind: SetCPUs, Index: j, Value: float64(s.CPUs)})
				pool.Adjust(now, Change{Kind: SetSpeed, Index: j, Value: s.Speed})
				pool.Adjust(now, Change{Kind: SetBackground, Index: j, Value: background})
				slow.servers[j].cpus, slow.servers[j].speed, slow.servers[j].background = float64(s.CPUs), s.Speed, background
				slow.admit(&slow.servers[j])
			} else {
				task := &slowTask{id: uint32(len(tasks))}
				path, to := rng.IntN(len(testPaths)), server()
				task.path = testPaths[path]
				var sum [2]float64
				demands := pool.Prepare(task.id, path)
				for stage := range demands {
					demands[stage] = 0.05 * rng.ExpFloat64()
					sum[task.path[stage]] += demands[stage]
				}
				task.left = slices.Clone(demands)
				pool.Send(task.id, to, sum[0], sum[1])
				require.True(t, pool.HasRoom(task.id))
				pool.Arrive(now, task.id)
				slow.arrive(to, task)
				tasks = append(tasks, task)
			}
			var truth env.Truth
			pool.ReadTruth(now, &truth)
			for j := range slow.servers {
				s := &slow.servers[j]
				var left [2]float64
				for _, x := range s.tasks {
					for stage, d := range x.left {
						left[x.path[stage]] += d
					}
				}
				require.InDelta(t, left[0], truth.CPUWork[j], 1e-9, "server %d at %g s", j, now)
				require.InDelta(t, left[1], truth.IOWork[j], 1e-9, "server %d at %g s", j, now)
				require.Equal(t, s.inService(workload.CPU)+s.inService(workload.IO), truth.Running[j])
				require.Equal(t, len(s.tasks)-truth.Running[j], truth.Backlog[j])
			}
		}
		complete(math.Inf(1))
		slow.advance(1e6)
		for _, x := range tasks {
			require.InDelta(t, x.done, done[x.id], 1e-9, "task %d of %d: %+v", x.id, len(tasks), cfg)
		}
	})
}

// TestRefusal: a server of one processor and one place takes two requests and, when
// the first is done, a third.
func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{Servers: []Server{{1, 1}}, CPU: FIFO, Backlog: 1},
		{Servers: []Server{{1, 1}}, CPU: ProcessorSharing, Workers: 1, Backlog: 1},
		{Servers: []Server{{1, 1}}, CPU: ProcessorSharing, Workers: 1, Backlog: 1, Prefork: true},
	} {
		pool := NewPool(cfg, testPaths)
		pool.Reset()
		send := func(now float64, id uint32) bool {
			pool.Prepare(id, 0)[0] = 1
			pool.Send(id, 0, 1, 0)
			if !pool.HasRoom(id) {
				pool.AddWork(id, -1)
				return false
			}
			pool.Arrive(now, id)
			return true
		}
		require.True(t, send(0, 0))
		require.True(t, send(0, 1))
		require.False(t, send(0, 2))
		require.Equal(t, 1, pool.Waiting(0))
		require.Equal(t, 1, pool.Held(0))
		require.Equal(t, 2.0, pool.CPU(0).Work(0))
		id, done := pool.Complete(pool.NextCompletion())
		require.True(t, done)
		require.Zero(t, id)
		require.True(t, send(1, 3))
		require.ElementsMatch(t, []uint32{1, 3}, pool.Fail(1.5, 0, nil))
		require.Equal(t, math.Inf(1), pool.NextCompletion())
		require.Zero(t, pool.Waiting(0)+pool.Held(0))
	}
}

// TestValidate: every fault is reported, with the others.
func TestValidate(t *testing.T) {
	t.Parallel()
	err := (&Config{Servers: []Server{{0, -1}}, Prefork: true, Backlog: -1, Processors: Processors{-1, 2, -1}}).Validate()
	for _, fault := range []string{"CPUs = 0", "speed = -1", "-1 threads per core", "thread gain = 2", "contention = -1", "prefork workers under FIFO", "backlog = -1"} {
		require.ErrorContains(t, err, fault)
	}
	require.ErrorContains(t, (&Config{}).Validate(), "no servers")
}
