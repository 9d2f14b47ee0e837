package balancerprocess

import (
	"context"
	"fmt"
	"sync"
	"time"

	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/admin"
)

var _ admin.Condition = (*condition)(nil)

// condition is how the process is: whether the balancer works and whether it wants
// clients. It is told of by what watch saw last, so that nobody waits for a balancer that
// hangs.
type condition struct {
	balancer watched

	mu       sync.Mutex
	started  bool // servers have been checked once
	ending   bool
	unwanted bool      // the administrator has said so
	seen     time.Time // when the balancer last answered
	in       int       // servers that got new connections then
	servers  int       // of the settings
	open     int       // connections
}

// watched is what is watched.
type watched interface {
	Snapshot() plane.Snapshot
	SetReady(ready bool)
}

const (
	watchInterval = 200 * time.Millisecond
	// longestSilence is how long the balancer may take to answer, before it is said not
	// to work. It answers within a turn of its loops, which takes half a second at most.
	longestSilence = 10 * time.Second
)

func newCondition(b watched) *condition {
	return &condition{balancer: b, seen: time.Now()}
}

// watch looks at the balancer until ctx is done.
func (c *condition) watch(ctx context.Context) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		c.look()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look looks at the balancer.
func (c *condition) look() {
	s := c.balancer.Snapshot() // may take for ever if it hangs
	in, servers := 0, 0
	for k := range s.Servers {
		if !s.Servers[k].Leaving {
			servers++
		}
		if s.Servers[k].In {
			in++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen, c.in, c.servers, c.open = time.Now(), in, servers, s.Open
}

// start says that the balancer may get clients.
func (c *condition) start() {
	c.look()
	c.change(func() { c.started = true })
}

// end says that the balancer ends.
func (c *condition) end() { c.change(func() { c.ending = true }) }

// WantReady implements admin.Condition.
func (c *condition) WantReady(want bool) { c.change(func() { c.unwanted = !want }) }

// change changes the condition, and tells the balancer.
func (c *condition) change(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
	c.balancer.SetReady(c.started && !c.ending && !c.unwanted)
}

// Unready implements admin.Condition.
func (c *condition) Unready() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ending:
		return "the balancer is ending"
	case !c.started:
		return "the servers are being checked for the first time"
	case c.unwanted:
		return "the administrator has said so, and POST /ready takes it back"
	case c.in == 0:
		return "no server is in"
	}
	return ""
}

// Unhealthy implements admin.Condition.
func (c *condition) Unhealthy() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if silence := time.Since(c.seen); silence > longestSilence {
		return fmt.Sprintf("the event loops have not answered for %.0f s", silence.Seconds())
	}
	return ""
}

// summary is the condition in a line.
func (c *condition) summary() string {
	unready := c.Unready()
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf("%d of %s in, %s under way", c.in, counted(c.servers, "server", "servers"), counted(c.open, "connection", "connections"))
	if unready != "" {
		text = "not ready: " + unready + "; " + text
	}
	return text
}
