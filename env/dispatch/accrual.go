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
	trials  // a server that is dead waits, and its probe is its trial
	cfg     accrualConfig
	lb      int
	records []accrued // by server
}

// accrued is what is remembered of one server.
type accrued struct {
	row    int32  // failures in a row
	deaths int32  // since a probe last succeeded
	total  uint64 // deaths so far
}

func newAccrual(servers, lb int, cfg accrualConfig) accrual {
	return accrual{newTrials(servers), cfg, lb, make([]accrued, servers)}
}

// reset makes all servers alive.
func (a *accrual) reset() {
	a.trials.reset()
	clear(a.records)
}

// completed notes that a request has ended and says whether its server may get requests
// now and could not before, or the other way round.
func (a *accrual) completed(c Completion) bool {
	r, stage := &a.records[c.Server], a.servers[c.Server].stage
	before := a.holds(c.Server)
	switch {
	case !c.Failed:
		r.row = 0
		if stage == onTrial {
			r.deaths = 0
			a.trust(c.Server)
		}
	case stage == waiting || stage == awaitsRequest:
	default:
		r.row = min(r.row+1, math.MaxInt32-1)
		if float64(r.row) >= a.cfg.Failures {
			a.wait(c.Server, c.Now+a.deadFor(c.Server))
		} else {
			a.abandon(c.Server) // a probe, of which more failures in a row are asked
		}
	}
	return a.holds(c.Server) != before
}

// deadFor returns how long (s) a server is dead that dies now, and counts its death.
func (a *accrual) deadFor(server int) float64 {
	r := &a.records[server]
	time := a.cfg.Backoff
	if r.deaths > 0 {
		time = min(math.Ldexp(time, int(r.deaths-1))*(1+a.draw(server)), a.cfg.Longest)
	}
	r.deaths = min(r.deaths+1, 64) // far beyond Longest
	r.total++
	return time
}

// draw returns a number in [0, 1) for the next death of a server: that of splitmix64.
func (a *accrual) draw(server int) float64 {
	x := uint64(a.lb)<<32 + uint64(server) + 0x9e3779b97f4a7c15*(a.records[server].total+1)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// forget makes a server alive, as one of which nothing is known.
func (a *accrual) forget(server int) {
	r := &a.records[server]
	if a.servers[server].stage == trusted && r.row == 0 && r.deaths == 0 {
		return
	}
	a.trust(server)
	r.row, r.deaths = 0, 0
}

// inherit takes over the states of the servers that old had, by its indices (Heir).
func (a *accrual) inherit(old *accrual, from []int) {
	a.trials.inherit(&old.trials, from)
	for j, k := range from {
		a.records[j] = accrued{}
		if k >= 0 {
			a.records[j] = old.records[k]
		}
	}
}

// state saves or restores the state of every server.
func (a *accrual) state(c *snapshot.Codec) {
	server := 0
	snapshot.Fixed(c, a.servers, func(t *trial) {
		r := &a.records[server]
		server++
		snapshot.Int(c, &t.stage)
		snapshot.Int(c, &r.row)
		snapshot.Int(c, &r.deaths)
		c.Uint64(&r.total)
		c.Float64(&t.until)
		if !t.possible() || r.row < 0 || r.deaths < 0 || r.deaths > 64 {
			c.Fail("stage %d of failure accrual, %d failures, %d deaths, until %g s", t.stage, r.row, r.deaths, t.until)
		}
	})
	if c.Reading() && c.Err() == nil {
		a.fill()
	}
}
