package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

// maxStrikes bounds how long a server waits for a trial: 2^(maxStrikes-1) times
// the pool's mean completion time.
const maxStrikes = 11

// probation keeps requests from servers that fail them. A server that fails
// requests at once has few of them under way, and by its count looks better than any
// other.
//
// A failure puts a server on probation. It gets no request while it waits, for
// the pool's mean completion time at first. Then it is on trial (type trials). If the
// request of the trial fails, the
// server waits twice as long as before. A request that succeeds ends the probation
// and takes one strike back, so that a server which refused requests because its
// backlog was full is used again once it completes one that it has.
//
// Failures of requests that were sent before a probation began do not make it
// longer, since a server that stops fails all that it has. Nor does a failure count
// of a request that was sent before another one succeeded: where an LB learns of a
// failure only by the request's timeout, the server may have come back since.
type probation struct {
	trials
	records []strikes // by server
}

// strikes is what is remembered of one server.
type strikes struct {
	number  int32   // failures that count, less successes since; never below 0
	since   float64 // s, when it last failed a request that counts
	success float64 // s, when a request last succeeded
}

func newProbation(servers int) probation {
	return probation{newTrials(servers), make([]strikes, servers)}
}

// reset ends all probations.
func (p *probation) reset() {
	p.trials.reset()
	clear(p.records)
}

// inherit takes over the probations of the servers that old had, by its indices (Heir).
func (p *probation) inherit(old *probation, from []int) {
	p.trials.inherit(&old.trials, from)
	for j, k := range from {
		p.records[j] = strikes{}
		if k >= 0 {
			p.records[j] = old.records[k]
		}
	}
}

// fail notes that a request failed. The pool's mean completion time is meanTime (s).
func (p *probation) fail(c Completion, meanTime float64) {
	r := &p.records[c.Server]
	if c.Now-c.Duration < r.success {
		return
	}
	// The last request that the LB has on the server counts in any case: without
	// another one under way, nothing else could end the trial.
	if p.servers[c.Server].stage != trusted && c.Now-c.Duration <= r.since && c.Ongoing > 1 {
		return
	}
	r.since = c.Now
	r.number = min(r.number+1, maxStrikes)
	p.wait(c.Server, c.Now+math.Ldexp(meanTime, int(r.number-1)))
}

// succeed notes that a request succeeded now (s).
func (p *probation) succeed(server int, now float64) {
	r := &p.records[server]
	r.success = now
	r.number = max(r.number-1, 0)
	if p.servers[server].stage != trusted {
		p.trust(server)
	}
}

// end ends the probation of a server and forgets its strikes.
func (p *probation) end(server int) {
	r := &p.records[server]
	if r.number == 0 && p.servers[server].stage == trusted {
		return
	}
	r.number = 0
	p.trust(server)
}

// state saves or restores the probation of every server.
func (p *probation) state(c *snapshot.Codec) {
	server := 0
	snapshot.Fixed(c, p.servers, func(t *trial) {
		r := &p.records[server]
		server++
		snapshot.Int(c, &t.stage)
		snapshot.Int(c, &r.number)
		c.Float64(&r.since)
		c.Float64(&r.success)
		c.Float64(&t.until)
		if !t.possible() || r.number < 0 || r.number > maxStrikes || !(r.since >= 0) || !(r.success >= 0) {
			c.Fail("stage %d of a probation, %d strikes, since %g s, until %g s", t.stage, r.number, r.since, t.until)
		}
	})
	if c.Reading() && c.Err() == nil {
		p.fill()
	}
}
