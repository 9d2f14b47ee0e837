package apache

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"fairlb/env/station"
	"fairlb/env/testbed/lab"
)

// ErrConfig reports a configuration that these servers cannot have.
var ErrConfig = errors.New("apache: not servers")

// MaxServers is how many servers a testbed has at most: each has four addresses of its 256.
const MaxServers = 64

const (
	// serversPart is the part of the machine's cores that servers may use; the rest is for
	// load balancers, clients and whoever steers.
	serversPart = 0.75
	leastQuota  = time.Millisecond // of a period: the kernel takes no less
	startWithin = 20 * time.Second // for an Apache to have all its workers, on a machine that is busy
)

// Config describes the servers.
type Config struct {
	// Config is the scenario's servers. The discipline must be processor sharing;
	// contention is what it is on the machine, whatever the scenario says.
	station.Config
	// Retries says whether clients try again where a server does not take them: the kernel
	// then drops what finds the backlog full, and Linux's clients do try again. Else
	// tcp_abort_on_overflow is set.
	Retries bool
	// Period is that of the quotas of processor time; 0: 20 ms, or longer where a worker's
	// quota would be less than the kernel's 1 ms. The kernel's own default is 100 ms.
	Period time.Duration
	// Cores are how many cores the servers may use together; 0: three quarters of the
	// machine's.
	Cores float64
}

// WithDefaults returns the configuration with what is left out filled in.
func (c Config) WithDefaults() Config {
	if c.Cores == 0 {
		c.Cores = Cores()
	}
	if c.Period == 0 {
		c.Period = 20 * time.Millisecond
		for _, s := range c.Servers {
			if s.Speed > 0 {
				c.Period = max(c.Period, time.Duration(math.Ceil(leastQuota.Seconds()/s.Speed*1e3))*time.Millisecond)
			}
		}
	}
	return c
}

// Cores returns how many cores servers may use on this machine.
func Cores() float64 { return serversPart * float64(runtime.NumCPU()) }

// Need returns how many cores servers use with all their processors busy.
func Need(c *station.Config) float64 {
	sum := 0.0
	for _, s := range c.Servers {
		sum += c.Processors.Full(float64(s.CPUs)) * s.Speed
	}
	return sum
}

// Validate reports every fault of the configuration; of changes, all that servers of this
// kind cannot make.
func (c Config) Validate(changes []station.Change) error {
	c = c.WithDefaults()
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
		}
	}
	if err := c.Config.Validate(); err != nil {
		check(false, "%w", err)
		return errors.Join(faults...)
	}
	check(len(c.Servers) <= MaxServers, "%d servers: at most %d", len(c.Servers), MaxServers)
	check(c.CPU == station.ProcessorSharing, "Apache's workers share the processors; first in, first out is not to be had")
	check(c.Backlog >= 1, "backlog = %d: the kernel's is at least 1", c.Backlog)
	check(c.Workers <= 1000, "%d workers: at most 1000, each is a process", c.Workers)
	check(c.Period >= leastQuota && c.Period <= time.Second, "period = %s: must be in [1ms, 1s]", c.Period)
	for j, s := range c.Servers {
		c.checkSpeed(check, fmt.Sprintf("server %d", j), s.Speed)
	}
	if need := Need(&c.Config); need > c.Cores*(1+1e-9) {
		check(false, "the servers can do the work of %.3g cores, and may use %.3g of this machine's %d: scale their speeds by %.2g or less",
			need, c.Cores, runtime.NumCPU(), math.Floor(100*c.Cores/need)/100)
	}
	for k, x := range changes {
		switch x.Kind {
		case station.SetSpeed:
			c.checkSpeed(check, fmt.Sprintf("change %d", k), x.Value)
		case station.SetCPUs, station.Drain, station.Detect:
		default:
			check(false, "change %d: Apache's servers change their speed and their processors, have no background jobs, and do not fail", k)
		}
	}
	return errors.Join(faults...)
}

// checkSpeed checks the speed of a processor.
func (c *Config) checkSpeed(check func(ok bool, format string, args ...any), what string, speed float64) {
	check(speed <= 1, "%s: speed = %g: a processor is at most a core of this machine", what, speed)
	quota := time.Duration(speed * float64(c.Period))
	check(speed > 1 || quota >= leastQuota, "%s: speed = %g is %s of a period of %s: must be %s or more", what, speed, quota, c.Period, leastQuota)
}

// program is what the servers need of the system, found.
type program struct {
	lab.Tools
	apache string // the program
	php    string // the module of PHP
}

// find looks for what the servers need, and names all that is missing.
func find() (p program, err error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{lab.ErrUnsupported}, args...)...))
	}
	if p.Tools, err = lab.Find(true); err != nil {
		faults = append(faults, err)
	}
	if p.apache = lab.LookPath("apache2"); p.apache == "" {
		fault("no apache2: install Debian's package apache2")
	}
	found, _ := filepath.Glob(modules + "/libphp*.so") // the pattern is one
	if len(found) == 0 {
		fault("no %s/libphp*.so: install Debian's package libapache2-mod-php", modules)
	} else {
		p.php = slices.Max(found)
	}
	return p, errors.Join(faults...)
}

// Check says whether this system has what the servers need.
func Check() error {
	_, err := find()
	return err
}
