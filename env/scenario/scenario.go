package scenario

import "fairlb/env/station"

// Scenario is a simulated environment as a file describes it. Times are in s,
// rates in requests/s of all LBs together. The comment of a field is also its
// description in the JSON schema (train/schema), so each must make sense alone.
type Scenario struct {
	Name         string        `yaml:"name"`             // in reports and records
	LBs          int           `yaml:"lbs"`              // number of load balancers, one agent each
	Shares       []float64     `yaml:"shares,omitempty"` // the load balancers' parts of the traffic, sum 1; none: equal
	Servers      []ServerGroup `yaml:"servers"`          // groups of equal servers
	CPU          CPU           `yaml:"cpu"`              // how the servers' processors are shared
	Latency      Latency       `yaml:"latency"`          // bounds of the uniform latency of a packet between two nodes
	Timeout      float64       `yaml:"timeout"`          // completion time of a failed request, s
	StepInterval float64       `yaml:"step_interval"`    // time between two actions of the agents, s
	Duration     float64       `yaml:"duration"`         // of an episode, s: a multiple of the step interval
	MaxLogWeight float64       `yaml:"max_log_weight"`   // agents' weights are within exp(+-this)
	// Ties is how LSQ, SED and the agents' weights choose one of several servers
	// of the same score: fair, at random; plugin, as the published testbed did: a
	// server drawn at random stays if it is one of them, else the first of them is
	// taken, those of more cpus first, at every load balancer; ordered, the first in
	// an order that every second load balancer reverses. None: fair.
	Ties string `yaml:"ties,omitempty"`
	// Counting is when a load balancer begins to count a request as ongoing: chosen,
	// as it chooses the server; established, at the client's first ACK, one round trip
	// later, so that a request which is refused never counts. None: chosen.
	Counting string `yaml:"counting,omitempty"`
	// Refusals is how a load balancer learns that a server refused a request or lost
	// it as it failed: seen, by a packet; unseen, not at all (direct server return),
	// so that it counts the request until the timeout. None: seen.
	Refusals string `yaml:"refusals,omitempty"`
	// SYNRetries are the times between a client's attempts to reach a server that does
	// not take its request, s: after the first attempt, after the second, and so on, up
	// to the timeout, and always at the same server. Linux doubles them from 1 s on.
	// None: one attempt.
	SYNRetries []float64 `yaml:"syn_retries,omitempty"`

	// Reports is what servers tell load balancers of how many requests they have.
	Reports Reports `yaml:"reports,omitempty"`

	// ClassesSeen says that load balancers see of which class a request is, as those do
	// that read its path. Only the rule class-aware heeds it. Else they see none.
	ClassesSeen bool `yaml:"classes_seen,omitempty"`

	Workload Workload `yaml:"workload"` // what arrives: the requests of a trace file or random ones

	Detection     float64        `yaml:"detection,omitempty"`      // time from a server's failure until load balancers send it nothing more, s
	Changes       []Change       `yaml:"changes,omitempty"`        // of servers and load balancers, at set times of each episode
	RandomChanges []RandomChange `yaml:"random_changes,omitempty"` // of servers, drawn for each episode
}

// ServerGroup is a number of equal servers.
type ServerGroup struct {
	Count int     `yaml:"count"` // number of servers in the group
	CPUs  int     `yaml:"cpus"`  // processors of each: what SED and WCMP take for the capacity
	Speed float64 `yaml:"speed"` // true speed of a processor (of a busy thread that has a core for itself), 1 is nominal; no load balancer knows it
}

// CPU is how the servers' processors are shared.
type CPU struct {
	Discipline string `yaml:"discipline"` // fifo or processor-sharing (eq. 42)
	Workers    int    `yaml:"workers"`    // tasks in service at once per server (processor-sharing only)
	Backlog    int    `yaml:"backlog"`    // tasks that may wait per server; one more is refused

	// Prefork: a request holds one of the workers from its first stage to its
	// last, io included, and the backlog waits for a worker (processor-sharing
	// only).
	Prefork bool `yaml:"prefork,omitempty"`

	// ThreadsPerCore processors, hardware threads, share one core; 0 or 1: a
	// processor is a core. Tasks take idle cores first, and one that has a core
	// for itself runs at the server's speed.
	ThreadsPerCore int     `yaml:"threads_per_core,omitempty"`
	ThreadGain     float64 `yaml:"thread_gain,omitempty"` // cores that each further busy thread of a core adds: 0 nothing, 1 as much as a core
	Contention     float64 `yaml:"contention,omitempty"`  // n tasks on p processors, n above p, get 1 / (1 + contention * (n - p)) of the work of p done
}

// processors returns how tasks share the processors of a server.
func (c *CPU) processors() station.Processors {
	return station.Processors{ThreadsPerCore: c.ThreadsPerCore, ThreadGain: c.ThreadGain, Contention: c.Contention}
}

// Latency bounds the uniform latency of a packet between two nodes.
type Latency struct {
	Low  float64 `yaml:"low"`  // least latency, s
	High float64 `yaml:"high"` // greatest latency, s
}

// Reports is what servers tell load balancers of how many requests they have, of all
// load balancers, those included that wait there. Only the rules carried and universal-carried read it.
type Reports struct {
	// Carried: each response carries the number that its server has left, and when that
	// was. A refusal carries nothing.
	Carried bool `yaml:"carried,omitempty"`
	// Every is the time after which a server tells every load balancer anew, in a message
	// that takes the latency of a packet, s; 0: never.
	Every float64 `yaml:"every,omitempty"`
}

// Workload is what arrives: a trace file's requests or random ones.
type Workload struct {
	// Trace is the path of a trace file (time<TAB>query). One class of a
	// single cpu stage without paths: a query must have an n, and its CPU
	// demand is SecondsPerN times that. Other classes are told apart by
	// their paths; a query's demand is SecondsPerN times its n, over the
	// stages as their means are, or without an n (or with SecondsPerN 0)
	// drawn from the class's laws.
	Trace       string  `yaml:"trace,omitempty"`
	SecondsPerN float64 `yaml:"seconds_per_n,omitempty"`
	// Window is what an episode replays of the trace: begin, its beginning,
	// the same for all seeds; random, from a place that the seed gives; or
	// blocks, as many as it takes, joined, each from a place that the seed
	// gives. Under begin the first request is at time 0, whatever its time
	// in the file.
	Window string  `yaml:"window,omitempty"`
	Block  float64 `yaml:"block,omitempty"` // length of a block, s of the trace: as long as what shall stay together, such as a burst
	// Repeat begins the trace again whenever it ends. Without it no more
	// requests come; random goes on once with the beginning, blocks never end.
	Repeat     bool    `yaml:"repeat,omitempty"`
	SpeedUp    float64 `yaml:"speed_up,omitempty"`    // divides the times of the trace, bursts and all; 0: 1
	RateFactor float64 `yaml:"rate_factor,omitempty"` // requests for each of the trace, at its times: some left out, or copies between; 0: 1

	Arrivals Arrivals `yaml:"arrivals"` // when requests come
	Classes  []Class  `yaml:"classes"`  // the applications that they are of
}

// Arrivals is a Poisson process or, with one of a burst factor, mmpp and
// gap_cv, a burstier one. Exactly one of Rate and Load is set; beside a trace,
// which gives the arrivals instead, none of it may be.
type Arrivals struct {
	Rate        float64  `yaml:"rate,omitempty"`         // mean requests/s
	RateMax     float64  `yaml:"rate_max,omitempty"`     // each episode's rate is drawn from [rate, rate_max]
	Load        float64  `yaml:"load,omitempty"`         // instead: mean requests/s, as a part of what the servers can serve, each as its scarcer resource allows
	BurstFactor float64  `yaml:"burst_factor,omitempty"` // rate in a burst over the mean rate
	BurstMean   float64  `yaml:"burst_mean,omitempty"`   // mean length of a burst, s
	CalmMean    float64  `yaml:"calm_mean,omitempty"`    // mean time between bursts, s
	MMPP        *MMPP    `yaml:"mmpp,omitempty"`         // a Markov-modulated Poisson process of any number of states
	GapCV       float64  `yaml:"gap_cv,omitempty"`       // a hyperexponential renewal process; cv of its gaps, at least 1
	Profile     *Profile `yaml:"profile,omitempty"`      // a periodic factor on the rate, under any of them
}

// MMPP are the states of a Markov-modulated Poisson process.
type MMPP struct {
	Factors []float64   `yaml:"factors"`        // rates relative to each other; the mean stays
	Stays   []float64   `yaml:"stays"`          // mean length of a stay in each state, s
	Next    [][]float64 `yaml:"next,omitempty"` // chances of the next state, a row a state; none: in a circle
}

// Profile is a factor on the rate over a period, such as a day: linear between
// factors at equal distances, divided by their mean.
type Profile struct {
	Period      float64   `yaml:"period"`                 // length of the period, s
	Factors     []float64 `yaml:"factors"`                // on the rate, at equal distances from the period's beginning
	Start       float64   `yaml:"start,omitempty"`        // where in the period an episode begins, s
	RandomStart bool      `yaml:"random_start,omitempty"` // an episode begins anywhere in the period, by its seed
}

// Class is an application: a part of the requests and the stages they go
// through.
type Class struct {
	Name   string  `yaml:"name"`   // of the class in reports; not all
	Share  float64 `yaml:"share"`  // part of the requests; all sum to 1 (beside a trace they may all be 0)
	Stages []Stage `yaml:"stages"` // what a request goes through, one after the other

	// Paths are patterns of the paths of a trace's queries that are of this
	// class, the first that matches: * is any text, as in /wiki/*. The last
	// class may have none and takes the rest.
	Paths []string `yaml:"paths,omitempty"`
}

// Stage is one visit to a resource.
type Stage struct {
	Resource string  `yaml:"resource"`     // what serves the stage: cpu or io
	Law      string  `yaml:"law"`          // distribution of the demand: exponential, deterministic, log-normal, hyperexponential, pareto, mixture, trace
	Mean     float64 `yaml:"mean"`         // mean demand, s at nominal speed
	CV       float64 `yaml:"cv,omitempty"` // coefficient of variation, of log-normal and hyperexponential

	Shape float64 `yaml:"shape,omitempty"` // pareto: the tail's exponent
	Max   float64 `yaml:"max,omitempty"`   // pareto: the largest demand over the mean

	// Parts are the log-normal laws that law mixture draws from, by their shares,
	// such as those of hits and misses of a cache.
	Parts []Part `yaml:"parts,omitempty"`

	// Trace is the file whose n are drawn under law trace: scaled to Mean
	// or, if that is 0, times workload.seconds_per_n.
	Trace string `yaml:"trace,omitempty"`
}

// Part is one of the laws of a mixture.
type Part struct {
	Share float64 `yaml:"share"`        // part of the demands; all sum to 1
	Mean  float64 `yaml:"mean"`         // relative to the other parts: all are scaled to the mean of the stage
	CV    float64 `yaml:"cv,omitempty"` // coefficient of variation; 0: always the mean
}

// Rate returns the arrival rate (requests/s): as given, or the given load of what the servers
// can serve at their true initial speeds. A server serves what its scarcer resource allows:
// where requests do IO, processors beyond that stand idle, and are of no use to other servers.
func (s *Scenario) Rate() float64 {
	a := &s.Workload.Arrivals
	if a.Load == 0 {
		return a.Rate
	}
	demand, law := s.meanDemand(), s.CPU.processors()
	var scarce [2]float64 // what the servers can do (s of service a second) of the resource that is the scarcer one there
	for _, g := range s.Servers {
		if cpu := law.Full(float64(g.CPUs)) * g.Speed; demand[0] > demand[1]*cpu {
			scarce[0] += float64(g.Count) * cpu
		} else {
			scarce[1] += float64(g.Count)
		}
	}
	rate := 0.0
	for r := range scarce {
		if scarce[r] > 0 {
			rate += a.Load / (demand[r] / scarce[r])
		}
	}
	return rate
}

// capacity returns what all servers together can do of CPU and IO (s of service a
// second), with every processor busy and no more tasks than these.
func (s *Scenario) capacity() (capacity [2]float64) {
	law := s.CPU.processors()
	for _, g := range s.Servers {
		capacity[0] += float64(g.Count) * law.Full(float64(g.CPUs)) * g.Speed
		capacity[1] += float64(g.Count)
	}
	return capacity
}

// crowdedCapacity returns what all servers together do of CPU (s of service a second)
// with as many tasks in service as they take: less than they can do if these contend.
func (s *Scenario) crowdedCapacity() float64 {
	capacity := 0.0
	law := s.CPU.processors()
	for _, g := range s.Servers {
		tasks := max(g.CPUs, s.CPU.Workers)
		if s.CPU.Discipline == "fifo" {
			tasks = g.CPUs
		}
		capacity += float64(g.Count) * law.Work(float64(tasks), float64(g.CPUs)) * g.Speed
	}
	return capacity
}

// meanDemand returns the mean demand of a request for CPU and IO (s at nominal
// speed).
func (s *Scenario) meanDemand() (demand [2]float64) {
	for _, c := range s.Workload.Classes {
		for _, stage := range c.Stages {
			if stage.Resource == "io" {
				demand[1] += c.Share * stage.Mean
			} else {
				demand[0] += c.Share * stage.Mean
			}
		}
	}
	return demand
}
