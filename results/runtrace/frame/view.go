package frame

import (
	"math"

	"fairlb/results/runtrace"
)

// Recent is over how long (s) rates, shares and quantiles are taken.
const Recent = 5.0

// remembered is how many steps the course of the queues is remembered for.
const remembered = 1 << 14

// View is a run up to a moment.
type View struct {
	header runtrace.Header
	last   runtrace.Step   // the last but the one that ends the file
	first  []float64       // the capacities at the beginning; none: not known
	recent []runtrace.Step // that ended in the last seconds, without the first of the episode
	since  float64         // s, when the first of the recent began
	queued []int           // by step, requests at all servers
	ended  bool
	status string

	arrived  int // requests, of those steps where it is known
	counted  bool
	all      runtrace.Ended // requests
	duration float64        // s, in which they came
}

// New returns the view of a run that has not begun.
func New(h runtrace.Header) *View { return &View{header: h} }

// Add goes on to the next step.
func (v *View) Add(s runtrace.Step) {
	v.all = runtrace.Together([]runtrace.Ended{v.all, s.Ended})
	if s.End {
		v.ended = true
		return
	}
	v.last = s
	if v.first == nil {
		v.first = s.Capacity
	}
	v.arrived += s.Arrived
	v.counted = v.counted || s.Sent != nil
	v.duration = s.Time
	if s.Time > 0 {
		v.recent = append(v.recent, s)
	}
	const rounding = 1e-9
	for len(v.recent) > 1 && v.recent[0].Time <= s.Time-max(Recent, v.header.Interval)+rounding {
		v.recent, v.since = v.recent[1:], v.recent[0].Time
	}
	total := 0
	for _, q := range s.Queue {
		total += q
	}
	v.queued = append(v.queued, total)
	if len(v.queued) > 2*remembered {
		v.queued = append([]int(nil), v.queued[remembered:]...)
	}
}

// Time is that of the last step (s).
func (v *View) Time() float64 { return v.last.Time }

// Ended says whether the episode has.
func (v *View) Ended() bool { return v.ended }

// SetStatus says something of the run beside its time; empty: nothing.
func (v *View) SetStatus(status string) { v.status = status }

// recently returns over how long (s) the recent steps go.
func (v *View) recently() float64 { return v.last.Time - v.since }

// server is what is drawn of a server or of several.
type server struct {
	name    string
	cpus    int // of each; 0: not known or different
	queues  []int
	queue   float64 // the mean of them
	share   float64 // of the requests, of all together
	weights []float64
	out     bool
	part    float64 // its capacity, of what that was at the beginning
}

// servers returns what is drawn of each server.
func (v *View) servers() []server {
	chosen, total := v.chosen()
	list := make([]server, len(v.header.Servers))
	for j, s := range v.header.Servers {
		x := &list[j]
		x.name, x.cpus, x.part = s.Name, s.CPUs, 1
		if v.first != nil && v.first[j] > 0 {
			x.part = v.last.Capacity[j] / v.first[j]
		}
		if v.last.Queue != nil {
			x.queues, x.queue = v.last.Queue[j:j+1], float64(v.last.Queue[j])
		}
		if x.share = math.NaN(); total > 0 {
			x.share = float64(chosen[j]) / float64(total)
		}
	}
	for _, j := range v.last.Out {
		list[j].out = true
	}
	for _, row := range v.last.Weights {
		mean := 0.0
		for _, w := range row {
			mean += w / float64(len(row))
		}
		for j, w := range row {
			list[j].weights = append(list[j].weights, w/mean)
		}
	}
	return list
}

// chosen counts, by server, the recent requests that were sent to it or, where that is not
// known, ended there.
func (v *View) chosen() (byServer []int, total int) {
	byServer = make([]int, len(v.header.Servers))
	add := func(m [][]int) {
		for _, row := range m {
			for j, n := range row {
				byServer[j] += n
				total += n
			}
		}
	}
	for _, s := range v.recent {
		if v.counted {
			add(s.Sent)
		} else {
			add(s.Completed)
			add(s.Failed)
		}
	}
	return byServer, total
}
