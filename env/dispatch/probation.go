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
// the pool's mean completion time at first. Then it is on trial: it gets one
// request, and no other until that one has ended. If the request fails, the
// server waits twice as long as before. A request that succeeds ends the probation
// and takes one strike back, so that a server which refused requests because its
// backlog was full is used again once it completes one that it has.
//
// Failures of requests that were sent before a probation began do not make it
// longer, since a server that stops fails all that it has. Nor does a failure count
// of a request that was sent before another one succeeded: where an LB learns of a
// failure only by the request's timeout, the server may have come back since.
type probation struct {
	servers []trial   // by server
	waiting scoreTree // by server, until when (s) it waits; +Inf: it does not
}

// trial is how far one server has come in its probation.
type trial struct {
	stage   trialStage
	strikes int32   // failures that count, less successes since; never below 0
	since   float64 // s, when it last failed a request that counts
	success float64 // s, when a request last succeeded
	until   float64 // s, when its wait ends; +Inf where it does not wait
}

// trialStage says what a server that is on probation waits for.
type trialStage uint8

const (
	trusted       trialStage = iota // it is not on probation
	waiting                         // the end of a time
	awaitsRequest                   // a request to be tried with
	onTrial                         // the end of that request
)

func newProbation(servers int) probation {
	return probation{servers: make([]trial, servers), waiting: newScoreTree(servers)}
}

// reset ends all probations.
func (p *probation) reset() {
	for j := range p.servers {
		p.servers[j] = trial{until: math.Inf(1)}
	}
	p.fill()
}

func (p *probation) fill() {
	p.waiting.fill(func(j int) float64 { return p.servers[j].until }, len(p.servers))
}

// holds says whether a server is to get no request.
func (p *probation) holds(server int) bool {
	stage := p.servers[server].stage
	return stage == waiting || stage == onTrial
}

// endWait ends the wait of a server whose time has come by now (s), so that it can be
// tried, and returns that server; -1 if there is none.
func (p *probation) endWait(now float64) int {
	if p.waiting.least() > now {
		return -1
	}
	server := p.waiting.first()
	p.servers[server].stage = awaitsRequest
	p.setWait(server, math.Inf(1))
	return server
}

// sent notes that a request is sent to a server and says whether it is the one that
// the server is tried with.
func (p *probation) sent(server int) bool {
	if p.servers[server].stage != awaitsRequest {
		return false
	}
	p.servers[server].stage = onTrial
	return true
}

// fail notes that a request failed. The pool's mean completion time is meanTime (s).
func (p *probation) fail(c Completion, meanTime float64) {
	t := &p.servers[c.Server]
	if c.Now-c.Duration < t.success {
		return
	}
	// The last request that the LB has on the server counts in any case: without
	// another one under way, nothing else could end the trial.
	if t.stage != trusted && c.Now-c.Duration <= t.since && c.Ongoing > 1 {
		return
	}
	t.stage, t.since = waiting, c.Now
	t.strikes = min(t.strikes+1, maxStrikes)
	p.setWait(c.Server, c.Now+math.Ldexp(meanTime, int(t.strikes-1)))
}

// abandon notes that a request was given up and says whether its server, which was on trial,
// awaits another one. (It may have been one that was sent before the trial; then two may
// be under way in it.)
func (p *probation) abandon(server int) bool {
	if p.servers[server].stage != onTrial {
		return false
	}
	p.servers[server].stage = awaitsRequest
	return true
}

// succeed notes that a request succeeded now (s).
func (p *probation) succeed(server int, now float64) {
	t := &p.servers[server]
	t.success = now
	t.strikes = max(t.strikes-1, 0)
	if t.stage != trusted {
		t.stage = trusted
		p.setWait(server, math.Inf(1))
	}
}

// end ends the probation of a server and forgets its strikes.
func (p *probation) end(server int) {
	t := &p.servers[server]
	if t.strikes == 0 && t.stage == trusted {
		return
	}
	t.stage, t.strikes = trusted, 0
	p.setWait(server, math.Inf(1))
}

// setWait sets the time (s) until which a server waits; +Inf if it does not wait.
func (p *probation) setWait(server int, until float64) {
	p.servers[server].until = until
	p.waiting.set(server, until)
}

// state saves or restores the trial of every server.
func (p *probation) state(c *snapshot.Codec) {
	snapshot.Fixed(c, p.servers, func(t *trial) {
		snapshot.Int(c, &t.stage)
		snapshot.Int(c, &t.strikes)
		c.Float64(&t.since)
		c.Float64(&t.success)
		c.Float64(&t.until)
		if t.stage > onTrial || t.strikes < 0 || t.strikes > maxStrikes || !(t.since >= 0) || !(t.success >= 0) || !(t.until >= 0) || (t.stage == waiting) == math.IsInf(t.until, 1) {
			c.Fail("stage %d of a probation, %d strikes, since %g s, until %g s", t.stage, t.strikes, t.since, t.until)
		}
	})
	if c.Reading() && c.Err() == nil {
		p.fill()
	}
}
