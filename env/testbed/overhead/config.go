package overhead

import (
	"errors"
	"fmt"
	"time"

	"fairlb/env/testbed/lab"
)

// Config says what is measured.
type Config struct {
	Rate   float64       // of the link in each direction, bit/s
	Queue  int           // bytes that may wait before it
	Period time.Duration // between two messages to an agent
	Loads  []Load
	// Rounds is how often all loads take their turn, one after another, so that whatever
	// slows the machine down meets all of them.
	Rounds   int
	Echoes   int           // requests a load and round
	Interval time.Duration // mean time between two requests
	Progress func()        // called after each load of each round; nil: nobody is told
}

// Load is what a controller sends.
type Load struct {
	Agents int // 0: nothing is sent
	Bytes  int // to each of them in each period
}

// Bits is what a controller has to send, in bit/s.
func (l Load) Bits(period time.Duration) float64 {
	return 8 * float64(l.Agents) * float64(l.Bytes) / period.Seconds()
}

// Result is what became of a load, in all rounds together.
type Result struct {
	Load
	Sent  float64         // bit/s that agents received
	Times []time.Duration // round trips
	Lost  int             // requests that were not answered within patience
}

// Bounds of what a link can have.
const (
	MinRate   = 1e5
	MaxRate   = 1e9
	MaxAgents = 256
)

// ErrConfig reports what cannot be measured.
var ErrConfig = errors.New("overhead: invalid configuration")

// Check returns all faults.
func (c *Config) Check() error {
	var faults []error
	for _, f := range []struct {
		ok     bool
		format string
		value  any
	}{
		{c.Rate >= MinRate && c.Rate <= MaxRate, "a rate of %g bit/s: must be 1e5 to 1e9", c.Rate},
		{c.Queue >= minQueue && c.Queue <= 1<<28, "a queue of %d bytes: must be 16384 to 268435456", c.Queue},
		{c.Period > 0, "a period of %v: must be positive", c.Period},
		{c.Rounds > 0, "%d rounds: must be positive", c.Rounds},
		{c.Echoes > 0 && c.Echoes <= maxEchoes, "%d echo requests: must be 1 to 65535", c.Echoes},
		{c.Interval > 0, "an interval of %v: must be positive", c.Interval},
		{len(c.Loads) > 0, "%d loads: there must be one", len(c.Loads)},
	} {
		if !f.ok {
			faults = append(faults, fmt.Errorf("%w: "+f.format, ErrConfig, f.value))
		}
	}
	for _, l := range c.Loads {
		if l.Agents < 0 || l.Agents > MaxAgents || l.Bytes < 0 || l.Bytes > 1<<28 {
			faults = append(faults, fmt.Errorf("%w: %d bytes to each of %d agents: must be 0 to 268435456 and 0 to %d", ErrConfig, l.Bytes, l.Agents, MaxAgents))
		}
	}
	return errors.Join(faults...)
}

// Available says what is missing for a measurement, as errors that are lab.ErrUnsupported.
func Available() error {
	tools, err := lab.Find(false)
	if err == nil && tools.TC == "" {
		err = fmt.Errorf("%w: no tc: install Debian's package iproute2", lab.ErrUnsupported)
	}
	return err
}

const (
	// burst is how many bytes of packets the bucket lets through at once: more than the
	// longest packet has, and little beside a message.
	burst = 6000
	// minQueue is more than the burst.
	minQueue = 16384
	// maxEchoes is how many numbers an echo request can have.
	maxEchoes = 65535
	// patience is how long an answer, or an end, is waited for.
	patience = time.Second
	// settling is for how long a load is sent before the first request.
	settling = 200 * time.Millisecond
)
