package dispatch

import "math"

// trials keeps requests from servers. A server waits until a time that its owner sets, and
// gets nothing. Then it is on trial: it gets one request, and no other until its owner has
// heard of that one. When a wait begins, how long it is and what ends a trial are the
// owner's (probation, accrual).
type trials struct {
	servers []trial
	waiting scoreTree // by server, until when (s) it waits; +Inf: it does not
}

// trial is how far one server has come.
type trial struct {
	stage trialStage
	until float64 // s, when its wait ends; +Inf where it does not wait
}

// trialStage says what a server waits for.
type trialStage uint8

const (
	trusted       trialStage = iota // nothing: it gets requests
	waiting                         // the end of a time
	awaitsRequest                   // a request to be tried with
	onTrial                         // the end of that request
)

func newTrials(servers int) trials {
	t := trials{servers: make([]trial, servers), waiting: newScoreTree(servers)}
	t.reset()
	return t
}

// reset trusts all servers.
func (t *trials) reset() {
	for j := range t.servers {
		t.servers[j] = trial{until: math.Inf(1)}
	}
	t.fill()
}

// fill brings the waits of all servers up to date.
func (t *trials) fill() {
	t.waiting.fill(func(j int) float64 { return t.servers[j].until }, len(t.servers))
}

// holds says whether a server is to get no request.
func (t *trials) holds(server int) bool {
	stage := t.servers[server].stage
	return stage == waiting || stage == onTrial
}

// endWait ends the wait of a server whose time has come by now (s), so that it can be
// tried, and returns that server; -1 if there is none.
func (t *trials) endWait(now float64) int {
	if t.waiting.least() > now {
		return -1
	}
	server := t.waiting.first()
	t.set(server, awaitsRequest, math.Inf(1))
	return server
}

// sent notes that a request is sent to a server and says whether it is the one that
// the server is tried with.
func (t *trials) sent(server int) bool {
	if t.servers[server].stage != awaitsRequest {
		return false
	}
	t.servers[server].stage = onTrial
	return true
}

// abandon notes that a request was given up and says whether its server, which was on trial,
// awaits another one. (It may have been one that was sent before the trial; then two may
// be under way in it.)
func (t *trials) abandon(server int) bool {
	if t.servers[server].stage != onTrial {
		return false
	}
	t.servers[server].stage = awaitsRequest
	return true
}

// wait lets a server wait until a time (s).
func (t *trials) wait(server int, until float64) { t.set(server, waiting, until) }

// trust ends the wait or the trial of a server.
func (t *trials) trust(server int) { t.set(server, trusted, math.Inf(1)) }

func (t *trials) set(server int, stage trialStage, until float64) {
	t.servers[server] = trial{stage, until}
	t.waiting.set(server, until)
}

// inherit takes over the stages of the servers that old had, by its indices (Heir).
func (t *trials) inherit(old *trials, from []int) {
	t.reset()
	for j, k := range from {
		if k >= 0 {
			t.servers[j] = old.servers[k]
		}
	}
	t.fill()
}

// possible says whether a stage that was read back can be one.
func (t trial) possible() bool {
	return t.stage <= onTrial && t.until >= 0 && (t.stage == waiting) != math.IsInf(t.until, 1)
}
