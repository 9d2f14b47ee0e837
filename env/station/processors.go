package station

import "math"

// Processors says how fast tasks run that share the processors of a server. Its
// zero value is eq. 42, in which n tasks on p processors get min(n, p) of them.
//
// Processors may be hardware threads of shared cores (simultaneous
// multithreading). A task that has a core for itself runs at the server's speed,
// so that a demand is in s on such a core, and a speed of 1 is that of its one
// busy thread. Tasks occupy idle cores first. Each further busy thread of a core
// adds ThreadGain cores, less than 1, since threads share what a core computes
// with; the tasks move between the threads, so that all run equally fast. With c
// cores they work as
//
//	min(n, c) + ThreadGain * max(0, min(n, p) - c)
//
// cores do. The published testbed is of this kind: a server of two or four CPUs
// has two threads of each of one or two cores.
//
// Throughput may fall where more tasks compete than there are processors: the
// work of all is then divided by 1 + Contention * (n - p). This is the
// retrograde part of Gunther's universal scalability law (Guerrilla Capacity
// Planning, 2007), in which n tasks, each of which keeps itself consistent with
// the n - 1 others, get n / (1 + sigma (n - 1) + kappa n (n - 1)) done. For many
// tasks both fall as 1/n. Here the throughput does not grow beyond p, and what
// the tasks cost each other begins there.
type Processors struct {
	ThreadsPerCore int     // hardware threads of a core; 0 and 1: a processor is a core
	ThreadGain     float64 // cores that each further busy thread of a core adds, in [0, 1]
	Contention     float64 // part of the throughput that each task beyond the processors costs; 0: none
}

// cores returns the number of cores that the given number of processors are
// threads of. Where threads are left over, the last core has fewer.
func (p *Processors) cores(processors float64) float64 {
	if p.ThreadsPerCore <= 1 {
		return processors
	}
	return math.Ceil(processors / float64(p.ThreadsPerCore))
}

// Full returns what the given number of processors can do: the work of as many
// tasks, in cores at the server's speed. It is the most that they ever do.
func (p *Processors) Full(processors float64) float64 { return p.Work(processors, processors) }

// Work returns the work that the given number of tasks get done on so many
// processors, in cores at the server's speed.
func (p *Processors) Work(tasks, processors float64) float64 {
	cores := p.cores(processors)
	if tasks <= cores {
		return tasks
	}
	return p.beyondCores(tasks, processors, cores)
}

// beyondCores returns the work that tasks get done, in cores at the server's speed,
// where they are at least as many as the cores.
func (p *Processors) beyondCores(tasks, processors, cores float64) float64 {
	work := cores + p.ThreadGain*(min(tasks, processors)-cores)
	if p.Contention > 0 && tasks > processors {
		work /= 1 + p.Contention*(tasks-processors)
	}
	return work
}
