package station

import (
	"errors"
	"fmt"
	"math"
)

// Discipline is how a CPU station serves its tasks.
type Discipline uint8

const (
	// FIFO serves one task per processor, the rest wait in the backlog.
	FIFO Discipline = iota
	// ProcessorSharing serves up to Workers tasks at once, each at the server's
	// speed or, where they outnumber the processors, at an equal share (eq. 42).
	ProcessorSharing
)

// Server describes one server.
type Server struct {
	CPUs  int     // processors, p_j
	Speed float64 // true speed of a processor, of a busy thread that has a core for itself; 1 is nominal; no LB knows it
}

// Config describes the servers of a pool.
type Config struct {
	Servers []Server

	CPU        Discipline
	Processors Processors // how tasks share them
	Workers    int        // p_hat, tasks in service at once under ProcessorSharing
	Backlog    int        // tasks that may wait at a server; one more is refused
	// Prefork says that a request holds one of the Workers from its first
	// stage to its last, IO included, and that the backlog waits for a worker.
	// It needs ProcessorSharing.
	Prefork bool
}

// Validate reports every fault of the configuration that would make a run
// meaningless.
func (c *Config) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(len(c.Servers) > 0, "no servers")
	check(len(c.Servers) <= math.MaxUint16, "%d servers: at most 65535", len(c.Servers))
	for j, s := range c.Servers {
		check(s.CPUs > 0, "server %d: CPUs = %d: must be positive", j, s.CPUs)
		check(s.Speed > 0 && !math.IsInf(s.Speed, 0), "server %d: speed = %g: must be positive and finite", j, s.Speed)
		check(c.CPU == FIFO || c.Workers >= s.CPUs, "server %d: %d workers for %d processors", j, c.Workers, s.CPUs)
	}
	check(c.Processors.ThreadsPerCore >= 0, "%d threads per core: must not be negative", c.Processors.ThreadsPerCore)
	check(c.Processors.ThreadGain >= 0 && c.Processors.ThreadGain <= 1, "thread gain = %g: must be in [0, 1]", c.Processors.ThreadGain)
	check(c.Processors.Contention >= 0 && !math.IsInf(c.Processors.Contention, 0), "contention = %g: must be finite and not negative", c.Processors.Contention)
	check(!c.Prefork || c.CPU == ProcessorSharing, "prefork workers under FIFO: they need processor sharing")
	check(c.Backlog >= 0, "backlog = %d: must not be negative", c.Backlog)
	return errors.Join(faults...)
}
