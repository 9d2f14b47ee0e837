package balancerprocess

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/parallel"
	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/admin"
	"fairlb/env/testbed/plane/health"
	"fairlb/env/testbed/plane/metrics"
)

// process is a balancer with all that is around it.
type process struct {
	cfg      Config
	log      logrus.FieldLogger
	settings *plane.Config // those that hold; of the goroutine of control

	balancer  Balancer
	condition *condition
	checker   *health.Checker
	records   *connectionLog
	service   *service
	socket    net.Listener // of the admin interface; nil: there is none
	watching  net.Listener // of admin.metrics; nil: there is none
	asked     admin.Config
	group     *parallel.Group // of the goroutines that the balancer needs
	started   bool            // servers have been checked once; of the goroutine of control
	reloads   struct{ done, failed prometheus.Counter }
}

// Run balances until a signal ends it, or ctx is done, which ends it at once.
func Run(ctx context.Context, cfg Config) error {
	if cfg.New == nil {
		cfg.New = newPlane
	}
	p := &process{cfg: cfg, log: cfg.Logger}
	defer p.writeMessages()()
	c, err := plane.ReadFile(cfg.File)
	if err != nil {
		return err
	}
	p.settings = c
	if err := p.open(ctx); err != nil {
		if p.records != nil {
			p.records.lines.Close()
		}
		return errors.Join(err, p.close())
	}
	return errors.Join(p.run(ctx), p.close())
}

// writeMessages has messages written until the function that it returns is called, which
// waits until all are, but not for a reader that does not read.
func (p *process) writeMessages() (end func()) {
	messages := p.cfg.Messages
	if messages == nil {
		return func() {}
	}
	group, _ := parallel.NewGroup(context.Background())
	done := make(chan struct{})
	group.Go(func() error {
		defer close(done)
		messages.Run()
		return nil
	})
	return func() {
		messages.Close()
		select {
		case <-done:
		case <-time.After(outletTimeout):
		}
	}
}

// open opens everything that may not be to be had, before anything is done.
func (p *process) open(ctx context.Context) (err error) {
	c := p.settings
	if c.Admin.Socket != "" { // first: it tells a second process of the same settings
		if p.socket, err = admin.Listen(ctx, c.Admin.Socket); err != nil {
			return describedAs("admin.socket", err)
		}
	}
	if c.Admin.Metrics != "" {
		address, err := plane.ParseAddress(c.Admin.Metrics)
		if err != nil {
			return invalid.Errorf("admin.metrics: %w", err)
		}
		if p.watching, err = new(net.ListenConfig).Listen(ctx, "tcp", address.String()); err != nil {
			return describedAs("admin.metrics", err)
		}
	}
	p.records = newConnectionLog(c.Name, p.log)
	out, err := openLog(c.Log.Connections, p.cfg.Stdout)
	if err != nil {
		return err
	}
	p.records.lines.Take(out)
	if p.balancer, err = p.cfg.New(*c, p.log); err != nil {
		return err
	}
	warnOfFiles(c, p.log)
	p.records.source = p.balancer
	p.condition = newCondition(p.balancer)
	seed := c.Rule.Seed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	p.checker = health.New(p.checked, seed, p.log)
	p.service = newService(p.cfg.Notify, p.condition, p.log)
	p.asked = admin.Config{Balancer: p.balancer, Condition: p.condition, Checks: p.checker, Logger: p.log, Metrics: p.metrics()}
	return nil
}

// metrics makes the answer to /metrics.
func (p *process) metrics() http.Handler {
	name := prometheus.Labels{"lb": p.settings.Name}
	reloads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "fairlb_lb_reloads_total", Help: "Times that the settings were read again, by what came of it.", ConstLabels: name,
	}, []string{"result"})
	p.reloads.done, p.reloads.failed = reloads.WithLabelValues("done"), reloads.WithLabelValues("failed")
	lost := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "fairlb_lb_log_lines_lost_total", Help: "Ended connections that the log does not have because it could not be written.", ConstLabels: name,
	}, func() float64 { return float64(p.records.lines.Lost()) })
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.New(p.balancer, p.checker), reloads, lost,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: metricsTimeout})
}

// metricsTimeout is how long metrics may take to be collected.
const metricsTimeout = 5 * time.Second

// describedAs is an error of something that a field of the settings names.
func describedAs(field string, err error) error {
	if errors.Is(err, admin.ErrNotSocket) || errors.Is(err, admin.ErrPath) {
		return invalid.Errorf("%s: %w", field, err)
	}
	return fmt.Errorf("%s: %w", field, err)
}

// close frees what is open still.
func (p *process) close() error {
	var errs []error
	for _, l := range []net.Listener{p.socket, p.watching} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if p.balancer != nil {
		errs = append(errs, p.balancer.Close())
	}
	return errors.Join(errs...)
}

// run balances until control says that it ends, and then ends everything in an order in
// which nothing is lost: first the balancer, then what tells of it.
func (p *process) run(ctx context.Context) error {
	telling, endTelling := context.WithCancel(context.WithoutCancel(ctx))
	defer endTelling()
	watching := p.tell(telling)

	group, balancing := parallel.NewGroup(ctx)
	balancing, stop := context.WithCancel(balancing)
	defer stop()
	p.group = group
	err := p.setChecks(p.settings)
	if err != nil {
		stop()
	}
	ended, checked := make(chan struct{}), make(chan struct{})
	group.Go(func() error {
		defer close(ended)
		return p.balancer.Run(balancing)
	})
	limit := firstChecks(p.settings)
	group.Go(func() error {
		defer close(checked)
		limited, cancel := context.WithTimeout(balancing, limit)
		defer cancel()
		p.checker.Checked(limited)
		return nil
	})
	group.Go(func() error {
		defer stop()
		return p.control(balancing, checked, ended)
	})
	err = errors.Join(err, group.Wait())

	p.condition.end()
	p.checker.Close()
	endTelling()
	return errors.Join(err, p.awaitTelling(watching))
}

// outlet is a goroutine that tells the outside something.
type outlet struct {
	what string
	done chan struct{}
}

// tell begins to tell the outside of the balancer, until ctx is done.
func (p *process) tell(ctx context.Context) *outlets {
	group, ctx := parallel.NewGroup(ctx)
	o := &outlets{group: group}
	begin := func(what string, run func(context.Context)) {
		done := make(chan struct{})
		o.list = append(o.list, outlet{what, done})
		group.Go(func() error {
			defer close(done)
			run(ctx)
			return nil
		})
	}
	begin("the watch of the event loops", p.condition.watch)
	begin("the log of connections", p.records.run)
	begin("the service manager", p.service.run)
	serve := func(what string, l net.Listener, h http.Handler) {
		if l == nil {
			return
		}
		begin(what, func(ctx context.Context) {
			if err := admin.Serve(ctx, l, h, p.log); err != nil {
				p.log.WithError(err).Error("the balancer goes on, and cannot be asked any more")
			}
		})
	}
	serve("the admin interface", p.socket, admin.Full(p.asked))
	serve("the metrics", p.watching, admin.Watching(p.asked))
	return o
}

// outlets are goroutines that tell the outside something.
type outlets struct {
	group *parallel.Group
	list  []outlet
}

// outletTimeout is how long the process waits for what tells the outside something, once
// the balancer has ended.
const outletTimeout = 3 * time.Second

// awaitTelling waits until everything is told, but not for readers that do not read.
func (p *process) awaitTelling(o *outlets) error {
	timer := time.NewTimer(outletTimeout)
	defer timer.Stop()
	for _, out := range o.list {
		select {
		case <-out.done:
		case <-timer.C:
			p.log.Warnf("%s does not end: the process ends without it", out.what)
			return nil
		}
	}
	return o.group.Wait()
}
