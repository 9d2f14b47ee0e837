package dispatch

import (
	"errors"
	"fmt"
	"math"

	"fairlb/env/snapshot"
)

// accrualConfig has the constants of accrual.
type accrualConfig struct {
	Failures float64 // failures in a row at which a server is dead, a whole number
	Backoff  float64 // s that it is dead at first
	Longest  float64 // s that it is dead at most; Backoff: always the same
}

// finagleAccrual has Finagle's defaults (FailureAccrualFactory.scala: five failures in
// a row; Backoff.equalJittered(5.seconds, 300.seconds)).
func finagleAccrual() accrualConfig { return accrualConfig{Failures: 5, Backoff: 5, Longest: 300} }

// nginxAccrual is nginx's max_fails=1 and fail_timeout=10s, the defaults of the directive
// server (ngx_http_upstream_module).
func nginxAccrual() accrualConfig { return accrualConfig{Failures: 1, Backoff: 10, Longest: 10} }

// validate reports every constant that is out of its range.
func (c accrualConfig) validate(rule string) error {
	var faults []error
	if !(c.Failures >= 1 && c.Failures <= 1e6 && c.Failures == math.Trunc(c.Failures)) {
		faults = append(faults, fmt.Errorf("dispatch: %s: failures is %g: must be a whole number in [1, 1e6]", rule, c.Failures))
	}
	if !(c.Backoff > 0 && c.Backoff <= 1e6) {
		faults = append(faults, fmt.Errorf("dispatch: %s: backoff is %g: must be in (0, 1e6]", rule, c.Backoff))
	}
	if !(c.Longest >= c.Backoff && c.Longest <= 1e6) {
		faults = append(faults, fmt.Errorf("dispatch: %s: longest is %g: must be at least backoff, %g, and at most 1e6", rule, c.Longest, c.Backoff))
	}
	return errors.Join(faults...)
}

// accrual is failure accrual as Finagle describes it ("Clients" in its user guide,
// section "Failure Accrual", and FailureAccrualFactory.scala): a server that fails so
// many requests in a row is dead, and gets none. After a while it is probed: it gets one
// request, and no other until one has ended. If that one succeeds the server is alive;
// if it fails the server is dead for a while again.
//
// The first time is Backoff. The one after k failed probes is drawn from 2^(k-1) to
// 2^k times that, at most Longest; a success of a probe begins anew. While a server is
// dead its failures do not count, for they are of requests that were sent before.
//
// The draw is a hash of the LB, the server and how often it died, so that replicas of
// one LB agree without a random stream that they share.
//
// nginx's passive health check (max_fails and fail_timeout) is the same with one failure
// and always the same time: since 1.3.0, one request tries the server after it.
type accrual struct {
	cfg     accrualConfig
	lb      int
	servers []accrued
	waiting scoreTree // by server, until when (s) it is dead; +Inf: it is not
}

// accrued is the state of one server.
type accrued struct {
	stage  accrualStage
	row    int32   // failures in a row
	deaths int32   // since a probe last succeeded
	total  uint64  // deaths so far
	until  float64 // s, when it is probed; +Inf where it is not dead
}

// accrualStage says what a server may get.
type accrualStage uint8

const (
	alive   accrualStage = iota // requests
	dead                        // none
	toProbe                     // one request
	probed                      // none until one has ended
)

func newAccrual(servers, lb int, cfg accrualConfig) accrual {
	a := accrual{cfg: cfg, lb: lb, servers: make([]accrued, servers), waiting: newScoreTree(servers)}
	a.reset()
	return a
}

// reset makes all servers alive.
func (a *accrual) reset() {
	for j := range a.servers {
		a.servers[j] = accrued{until: math.Inf(1)}
	}
	a.fill()
}

// fill brings the times of all servers up to date.
func (a *accrual) fill() {
	a.waiting.fill(func(j int) float64 { return a.servers[j].until }, len(a.servers))
}

// holds says whether a server is to get no request.
func (a *accrual) holds(server int) bool {
	stage := a.servers[server].stage
	return stage == dead || stage == probed
}

// endWait returns a server that is to be probed from now (s) on; -1 if there is none.
func (a *accrual) endWait(now float64) int {
	if a.waiting.least() > now {
		return -1
	}
	server := a.waiting.first()
	a.set(server, toProbe, math.Inf(1))
	return server
}

// sent notes that a request is sent to a server and says whether it is its probe.
func (a *accrual) sent(server int) bool {
	if a.servers[server].stage != toProbe {
		return false
	}
	a.set(server, probed, math.Inf(1))
	return true
}

// abandon notes that a request was given up and says whether its server, which was
// being probed, gets another one.
func (a *accrual) abandon(server int) bool {
	if a.servers[server].stage != probed {
		return false
	}
	a.set(server, toProbe, math.Inf(1))
	return true
}

// completed notes that a request has ended and says whether its server may get requests
// now and could not before, or the other way round.
func (a *accrual) completed(c Completion) bool {
	s := &a.servers[c.Server]
	before := a.holds(c.Server)
	switch {
	case !c.Failed:
		s.row = 0
		if s.stage == probed {
			s.deaths = 0
			a.set(c.Server, alive, math.Inf(1))
		}
	case s.stage == dead || s.stage == toProbe:
	default:
		s.row = min(s.row+1, math.MaxInt32-1)
		if float64(s.row) >= a.cfg.Failures {
			a.set(c.Server, dead, c.Now+a.wait(c.Server))
		} else if s.stage == probed {
			a.set(c.Server, toProbe, math.Inf(1))
		}
	}
	return a.holds(c.Server) != before
}

// wait returns how long (s) a server is dead that dies now, and counts its death.
func (a *accrual) wait(server int) float64 {
	s := &a.servers[server]
	time := a.cfg.Backoff
	if s.deaths > 0 {
		time = min(math.Ldexp(time, int(s.deaths-1))*(1+a.draw(server)), a.cfg.Longest)
	}
	s.deaths = min(s.deaths+1, 64) // far beyond Longest
	s.total++
	return time
}

// draw returns a number in [0, 1) for the next death of a server: that of splitmix64.
func (a *accrual) draw(server int) float64 {
	x := uint64(a.lb)<<32 + uint64(server) + 0x9e3779b97f4a7c15*(a.servers[server].total+1)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// forget makes a server alive, as one of which nothing is known.
func (a *accrual) forget(server int) {
	s := &a.servers[server]
	if s.stage == alive && s.row == 0 && s.deaths == 0 {
		return
	}
	a.set(server, alive, math.Inf(1))
	s.row, s.deaths = 0, 0
}

// set changes the stage of a server, which is dead until a time (s).
func (a *accrual) set(server int, stage accrualStage, until float64) {
	s := &a.servers[server]
	s.stage, s.until = stage, until
	a.waiting.set(server, until)
}

// inherit takes over the states of the servers that old had, by its indices.
func (a *accrual) inherit(old *accrual, from []int) {
	a.reset()
	for j, k := range from {
		if k >= 0 {
			a.servers[j] = old.servers[k]
		}
	}
	a.fill()
}

// state saves or restores the state of every server.
func (a *accrual) state(c *snapshot.Codec) {
	snapshot.Fixed(c, a.servers, func(s *accrued) {
		snapshot.Int(c, &s.stage)
		snapshot.Int(c, &s.row)
		snapshot.Int(c, &s.deaths)
		c.Uint64(&s.total)
		c.Float64(&s.until)
		if s.stage > probed || s.row < 0 || s.deaths < 0 || s.deaths > 64 || !(s.until >= 0) || (s.stage == dead) == math.IsInf(s.until, 1) {
			c.Fail("stage %d of failure accrual, %d failures, %d deaths, until %g s", s.stage, s.row, s.deaths, s.until)
		}
	})
	if c.Reading() && c.Err() == nil {
		a.fill()
	}
}
