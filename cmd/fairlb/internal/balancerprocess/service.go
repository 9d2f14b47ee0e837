package balancerprocess

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sirupsen/logrus"
)

// service tells a service manager how the process is, in systemd's protocol
// (sd_notify(3)), from a goroutine of its own: the manager may be slow.
type service struct {
	notify    func(state string) error
	watchdog  time.Duration // the longest time between two signs of life; 0: none are wanted
	condition *condition
	log       logrus.FieldLogger
	states    chan string
	status    string // as last told
	failing   bool
}

const (
	// serviceRoom is how many states wait to be told; more than a process has in a moment.
	serviceRoom = 64
	// statusInterval is how often the status is told anew.
	statusInterval = 5 * time.Second
)

func newService(notify func(string) error, c *condition, log logrus.FieldLogger) *service {
	s := &service{notify: notify, condition: c, log: log, states: make(chan string, serviceRoom)}
	if notify == nil {
		s.notify = func(state string) error {
			_, err := daemon.SdNotify(false, state)
			return err
		}
	}
	var err error
	if s.watchdog, err = daemon.SdWatchdogEnabled(false); err != nil {
		log.WithError(err).Warn("the service manager's watchdog is not understood, and gets no sign of life")
	}
	return s
}

// tell tells the manager a state, in the order of calls.
func (s *service) tell(state string) {
	select {
	case s.states <- state:
	default: // the manager does not listen
	}
}

// ready says that the process does what it is there for, also after a reload.
func (s *service) ready() { s.tell(daemon.SdNotifyReady) }

// reloading says that settings are read again; ready must follow.
func (s *service) reloading() {
	s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// stopping says that the process ends.
func (s *service) stopping() { s.tell(daemon.SdNotifyStopping) }

// run tells states, and gives signs of life as long as the balancer works, until ctx is
// done and everything is told.
func (s *service) run(ctx context.Context) {
	period := statusInterval
	if s.watchdog > 0 {
		period = min(period, s.watchdog/2)
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case state := <-s.states:
			s.send(state)
			s.tellStatus()
		case <-ticker.C:
			s.tellStatus()
			if s.watchdog > 0 && s.condition.Unhealthy() == "" {
				s.send(daemon.SdNotifyWatchdog)
			}
		case <-ctx.Done():
			for len(s.states) > 0 {
				s.send(<-s.states)
			}
			return
		}
	}
}

// tellStatus tells the status if it is another one.
func (s *service) tellStatus() {
	if status := "STATUS=" + s.condition.summary(); status != s.status {
		s.status = status
		s.send(status)
	}
}

// send sends a state, and logs the first failure.
func (s *service) send(state string) {
	err := s.notify(state)
	if err != nil && !s.failing {
		s.log.WithError(err).Warn("the service manager cannot be told how the balancer is")
	}
	s.failing = err != nil
}
