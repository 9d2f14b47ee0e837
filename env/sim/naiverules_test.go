package sim

import (
	"math"
	"slices"

	"fairlb/env/dispatch"
	"fairlb/env/workload"
)

// This file is how the naive twin (naive_test.go) dispatches, and what its rules know.

// twinRule is the rule by which a twin dispatches.
type twinRule uint8

const (
	fewestRequests twinRule = iota // sharedRule
	soonestFinish                  // sharedRule that knows the global state
	pluginTies                     // SED under dispatch.PluginTies
)

// work returns the CPU and IO demand left at a server or on its way there, all
// stages to come.
func (w *twin) work(j int) [2]float64 {
	var sum [2]float64
	s := &w.servers[j]
	for _, x := range slices.Concat(s.cpu, s.io, s.waiting, w.packets) {
		if x.server != j || !x.arriving() && slices.Contains(w.packets, x) {
			continue
		}
		sum[w.resource(x)] += x.remaining
		for k := x.stage + 1; k < len(x.request.Demand); k++ {
			sum[w.cfg.Classes[x.request.Class].Stages[k].Resource] += x.request.Demand[k]
		}
	}
	return sum
}

// outstanding counts the requests at a server or on their way there.
func (w *twin) outstanding(j int) int {
	s := &w.servers[j]
	n := len(s.cpu) + len(s.io) + len(s.waiting)
	for _, x := range w.packets {
		if x.server == j && x.arriving() {
			n++
		}
	}
	return n
}

// finish is the Oracle's figure: all work left and the request's.
func (w *twin) finish(j int, r workload.Request) float64 {
	s := &w.servers[j]
	if s.failed || s.failsFast {
		return math.Inf(1)
	}
	sum := w.work(j)
	for k, d := range r.Demand {
		sum[w.cfg.Classes[r.Class].Stages[k].Resource] += d
	}
	n := min(w.outstanding(j)+1, w.limit(j))
	part := float64(n) / (float64(n) + s.extra)
	return max(sum[0]/(w.throughput(max(n+int(s.extra), int(s.cpus)), int(s.cpus))*part*s.speed), sum[1])
}

// shortest is the shared rule that knows its own requests: it takes the first of the
// servers with the fewest.
func shortest(ongoing []int32, in func(int) bool) int {
	best := -1
	for j, q := range ongoing {
		if in(j) && (best < 0 || q < ongoing[best]) {
			best = j
		}
	}
	return best
}

// soonest is the shared rule that knows the global state: it takes the first of the
// servers that finish soonest, but for rounding.
func soonest(servers int, finish func(int) float64, in func(int) bool) int {
	best := math.Inf(1)
	for j := range servers {
		if in(j) {
			best = min(best, finish(j))
		}
	}
	for j := 0; ; j++ {
		if in(j) && (finish(j) <= best+1e-9 || math.IsInf(best, 1)) {
			return j
		}
	}
}

// candidateOrFirst is SED as the published testbed's plugin has it: all servers are
// passed, those of more processors first, and one replaces a candidate that was drawn
// at random if its score is strictly less. Nothing is drawn where no two tie.
func (w *twin) candidateOrFirst(lb int, in func(int) bool) int {
	var order, open, least []int
	score := func(j int) float64 { return float64(w.ongoing[lb][j]+1) / float64(w.cfg.Servers[j].CPUs) }
	for j := range w.servers {
		order = append(order, j)
		if !in(j) {
			continue
		}
		open = append(open, j)
		if len(least) > 0 && score(j) < score(least[0]) {
			least = least[:0]
		}
		if len(least) == 0 || score(j) == score(least[0]) {
			least = append(least, j)
		}
	}
	if len(least) == 1 {
		return least[0]
	}
	slices.SortStableFunc(order, func(a, b int) int { return w.cfg.Servers[b].CPUs - w.cfg.Servers[a].CPUs })
	best := open[w.ties[lb].IntN(len(open))]
	for _, j := range order {
		if in(j) && score(j) < score(best) {
			best = j
		}
	}
	return best
}

// sharedRule lets the engine dispatch as the twin does, and keeps what it is told.
type sharedRule struct {
	oracle bool
	told   []dispatch.Completion
	last   float64 // s, the time of what happened last
	early  bool    // time has decreased
}

func (r *sharedRule) Pick(v *dispatch.View) int {
	r.pass(v.Now)
	in := func(j int) bool { return !v.Out[j] }
	if r.oracle {
		return soonest(len(v.Ongoing), v.Global.Finish, in)
	}
	return shortest(v.Ongoing, in)
}

func (r *sharedRule) Completed(x dispatch.Completion) {
	r.pass(x.Now)
	r.told = append(r.told, x)
}

func (r *sharedRule) pass(now float64) {
	r.early = r.early || now < r.last
	r.last = now
}
