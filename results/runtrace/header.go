package runtrace

import (
	"errors"
	"fmt"
	"math"
)

// Format is the version of the files that are written.
const Format = 1

// kind is what the header says that the file is.
const kind = "run-trace"

// Header is the first line of a file.
type Header struct {
	Kind     string   `json:"kind"`   // run-trace
	Format   int      `json:"format"` // Format
	Scenario string   `json:"scenario"`
	Target   string   `json:"target"` // the heuristic, or the policy's name
	Seed     uint64   `json:"seed"`
	Live     bool     `json:"live"`       // in real time; else simulated
	Interval float64  `json:"interval_s"` // s, of a step
	Duration float64  `json:"duration_s"` // s, of all steps; 0: no end is set
	LBs      int      `json:"lbs"`
	Servers  []Server `json:"servers"`
}

// Server is what is known of a server before the episode.
type Server struct {
	Name string `json:"name"`
	CPUs int    `json:"cpus"` // 0: not known
}

// maxLBs and maxServers are more than anyone has; they bound what a file can make its
// reader hold.
const (
	maxLBs     = 1 << 16
	maxServers = 1 << 16
)

// check returns every fault of a header.
func (h *Header) check() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(h.Kind == kind, "kind = %q: must be %q", h.Kind, kind)
	check(h.Format == Format, "format = %d: must be %d", h.Format, Format)
	check(h.Interval > 0 && !math.IsInf(h.Interval, 0), "interval_s = %g: must be positive", h.Interval)
	check(h.Duration >= 0 && !math.IsInf(h.Duration, 0), "duration_s = %g: must not be negative", h.Duration)
	check(h.LBs > 0 && h.LBs <= maxLBs, "lbs = %d: must be 1 to %d", h.LBs, maxLBs)
	check(len(h.Servers) > 0 && len(h.Servers) <= maxServers, "servers: %d: must be 1 to %d", len(h.Servers), maxServers)
	for j, s := range h.Servers {
		check(s.CPUs >= 0, "servers[%d].cpus = %d: must not be negative", j, s.CPUs)
	}
	return errors.Join(faults...)
}
