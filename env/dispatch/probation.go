package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

// maxStrikes bounds how long a server waits for a trial: 2^(maxStrikes-1) times
// the pool's mean completion time.
const maxStrikes = 11

// probation keeps requests from servers that fail them. A server that fails
// requests at once has few of them, and by its count looks better than any other.
//
// A failure puts a server on probation. It gets no request while it waits, for
// the pool's mean completion time at first. Then it is on trial: it gets one
// request, and no other until that one has ended. If the request fails, the
// server waits twice as long as before; whatever succeeds ends the probation and
// takes one strike back. A server that refuses a request because its backlog is
// full is therefore left alone until it completes one.
//
// Failures of requests that were sent before a probation began do not make it
// longer, since a server that stops fails all that it has. A failure of a request
// that was sent before another one succeeded is old news: where an LB learns of a
// failure only by the request's timeout, the server may long be back.
type probation struct {
	servers []trial   // by server
	waiting scoreTree // by server, until when (s) it waits; +Inf: it does not
}

// trial is how far one server has come in its probation.
type trial struct {
	stage   trialStage
	strikes int32   // failures, less successes, that count
	since   float64 // s, when it last failed a request that counts
	success float64 // s, when a request last succeeded
	until   float64 // s, when its wait ends; +Inf where it does not wait
}

// trialStage says what a server that is on probation waits for.
type trialStage uint8

const (
	trusted trialStage = iota // it is not on probation
	waiting                   // for a time
	due                       // for a request to be tried with
	tried                     // for that request to end
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
	return stage == waiting || stage == tried
}

// due returns a server whose wait has ended by now and lets it be tried; -1 if
// there is none.
func (p *probation) due(now float64) int {
	if p.waiting.least() > now {
		return -1
	}
	server := p.waiting.first()
	p.servers[server].stage = due
	p.wait(server, math.Inf(1))
	return server
}

// sent notes that a request is sent to a server and says whether it is the one that
// the server is tried with.
func (p *probation) sent(server int) bool {
	if p.servers[server].stage != due {
		return false
	}
	p.servers[server].stage = tried
	return true
}

// fail notes that a request failed. The pool's mean completion time is meanTime (s).
func (p *probation) fail(c Completion, meanTime float64) {
	t := &p.servers[c.Server]
	if c.Now-c.Duration < t.success {
		return
	}
	// The last request on the server counts in any case: no other could end the trial.
	if t.stage != trusted && c.Now-c.Duration <= t.since && c.Ongoing > 1 {
		return
	}
	t.stage, t.since = waiting, c.Now
	t.strikes = min(t.strikes+1, maxStrikes)
	p.wait(c.Server, c.Now+math.Ldexp(meanTime, int(t.strikes-1)))
}

// succeed notes that a request succeeded now (s).
func (p *probation) succeed(server int, now float64) {
	t := &p.servers[server]
	t.success = now
	t.strikes = max(t.strikes-1, 0)
	if t.stage != trusted {
		t.stage = trusted
		p.wait(server, math.Inf(1))
	}
}

// end ends the probation of a server, without a trace.
func (p *probation) end(server int) {
	t := &p.servers[server]
	if t.strikes == 0 && t.stage == trusted {
		return
	}
	t.stage, t.strikes = trusted, 0
	p.wait(server, math.Inf(1))
}

// wait lets a server wait until a time (s); +Inf: it does not wait.
func (p *probation) wait(server int, until float64) {
	p.servers[server].until = until
	p.waiting.set(server, until)
}

// state walks over the state.
func (p *probation) state(c *snapshot.Codec) {
	snapshot.Fixed(c, p.servers, func(t *trial) {
		snapshot.Int(c, &t.stage)
		snapshot.Int(c, &t.strikes)
		c.Float64(&t.since)
		c.Float64(&t.success)
		c.Float64(&t.until)
		if t.stage > tried || t.strikes < 0 || t.strikes > maxStrikes || !(t.since >= 0) || !(t.success >= 0) || !(t.until >= 0) || (t.stage == waiting) == math.IsInf(t.until, 1) {
			c.Fail("stage %d of a probation, %d strikes, since %g s, until %g s", t.stage, t.strikes, t.since, t.until)
		}
	})
	if c.Reading() && c.Err() == nil {
		p.fill()
	}
}
