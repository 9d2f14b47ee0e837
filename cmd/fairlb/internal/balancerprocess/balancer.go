package balancerprocess

import (
	"context"
	"io"
	"os"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/linelog"
	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/admin"
)

var _ Balancer = (*plane.Plane)(nil)

// Balancer is what the process has: a plane.Plane, whose comments are the contract.
type Balancer interface {
	admin.Balancer
	Run(ctx context.Context) error
	Close() error
	Reload(cfg plane.Config) error
	Drain(ctx context.Context) error
	SetReady(ready bool)
	SetUp(server string, up bool) error
	ReadRecords(dst []plane.Record) int
}

// Config describes a process that balances.
type Config struct {
	File    string           // the settings, read again at SIGHUP
	Signals <-chan os.Signal // SIGHUP is to reload; any other to end, and a second one to end at once
	Stdout  io.Writer        // takes the log of connections, where the settings say so
	Logger  logrus.FieldLogger
	// Messages is what Logger writes to, so that event loops do not wait for a reader of
	// messages that does not read. The process has it write. nil: Logger writes by itself.
	Messages *linelog.Queue

	New    func(plane.Config, logrus.FieldLogger) (Balancer, error) // nil: plane.New
	Notify func(state string) error                                 // tells the service manager; nil: systemd's protocol, if it started the process
}

// newPlane is plane.New, without a nil pointer that is a Balancer.
func newPlane(cfg plane.Config, log logrus.FieldLogger) (Balancer, error) {
	p, err := plane.New(cfg, log)
	if err != nil {
		return nil, err
	}
	return p, nil
}
