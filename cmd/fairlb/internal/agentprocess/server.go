package agentprocess

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fairlb/env/parallel"
)

const (
	httpTimeout = 5 * time.Second // for a request to be read, and answered
	// A process is alive if every plane was served within so many intervals, and at
	// least leastSilence.
	silentIntervals = 10
	leastSilence    = 5 * time.Second
)

// handler answers /metrics, /healthz and /readyz.
func handler(list []*steerer, lines *decisionLog, h *histograms, cfg *Config) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(list, lines, cfg), h.work, h.lateness)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: httpTimeout}))
	answer := func(fault func(*steerer) string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			for _, s := range list {
				if why := fault(s); why != "" {
					w.WriteHeader(http.StatusServiceUnavailable)
					fmt.Fprintf(w, "%s: %s\n", s.source.Name, why)
					return
				}
			}
			fmt.Fprintln(w, "ok")
		}
	}
	mux.HandleFunc("GET /healthz", answer(func(s *steerer) string { return s.unhealthy(cfg.Clock.Now()) }))
	mux.HandleFunc("GET /readyz", answer((*steerer).unready))
	return mux
}

// unhealthy says what is wrong if no interval was served for long.
func (s *steerer) unhealthy(now time.Time) string {
	p := s.status.read()
	if silence := now.Sub(p.lastServed); !p.lastServed.IsZero() && silence > max(leastSilence, silentIntervals*duration(s.cfg.Interval)) {
		return fmt.Sprintf("no interval was served for %.1f s", silence.Seconds())
	}
	return ""
}

// unready says why the plane is not steered.
func (s *steerer) unready() string {
	switch p := s.status.read(); {
	case p.ready:
		return ""
	case !p.up:
		return "the plane is not there"
	case s.cfg.Shadow:
		return "the plane tells nothing new"
	}
	return "the plane tells nothing new, or does not take weights"
}

// serve answers requests until ctx is done.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadTimeout: httpTimeout, WriteTimeout: 2 * httpTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14}
	group, ctx := parallel.NewGroup(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("metrics: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), httpTimeout)
		defer cancel()
		if err := server.Shutdown(limited); err != nil {
			return server.Close()
		}
		return nil
	})
	return group.Wait()
}
