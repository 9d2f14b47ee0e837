package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"

	"fairlb/env/testbed/plane"
)

// Watching answers what watching needs: /metrics, /healthz and /readyz.
func Watching(cfg Config) http.Handler {
	mux := http.NewServeMux()
	watching(mux, cfg)
	return mux
}

// watching adds what watching needs.
func watching(mux *http.ServeMux, cfg Config) {
	mux.Handle("GET /metrics", cfg.Metrics)
	mux.HandleFunc("GET /healthz", verdict(cfg.Condition.Unhealthy))
	mux.HandleFunc("GET /readyz", verdict(cfg.Condition.Unready))
}

// routes is what GET / answers.
const routes = `GET  /state                    the state, as JSON
POST /weights                  {"SERVER": WEIGHT, ...}, by which the rule weights chooses
POST /drain?server=NAME        no new connections for a server; or {"server": "NAME"}
POST /undrain?server=NAME      new connections for it again
POST /unready, POST /ready     tell the edge to send clients elsewhere, and here again
GET  /healthz, GET /readyz     does it work, does it want clients; with the reason where not
GET  /metrics                  for Prometheus
GET  /debug/pprof/             profiles of the process
`

// Full answers everything. Only the owner of the process may be let to it.
func Full(cfg Config) http.Handler {
	a := &steering{cfg}
	mux := http.NewServeMux()
	watching(mux, cfg)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, routes) })
	mux.HandleFunc("GET /state", a.state)
	mux.HandleFunc("POST /weights", a.weights)
	mux.HandleFunc("POST /drain", a.drain(true))
	mux.HandleFunc("POST /undrain", a.drain(false))
	mux.HandleFunc("POST /ready", a.ready(true))
	mux.HandleFunc("POST /unready", a.ready(false))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// verdict answers ok, or 503 and the fault.
func verdict(fault func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if why := fault(); why != "" {
			text(w, http.StatusServiceUnavailable, why+"\n")
			return
		}
		text(w, http.StatusOK, "ok\n")
	}
}

// text answers a text. What cannot be written has nobody who would read it.
func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// steering has the routes that only the owner may use.
type steering struct{ Config }

// state answers the state as JSON.
func (a *steering) state(w http.ResponseWriter, _ *http.Request) {
	body, err := json.MarshalIndent(a.read(), "", "  ")
	if err != nil {
		a.Logger.WithError(err).Error("the state cannot be told")
		text(w, http.StatusInternalServerError, "the state cannot be told\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}

// weights sets weights.
func (a *steering) weights(w http.ResponseWriter, r *http.Request) {
	body, ok := read(w, r)
	if !ok {
		return
	}
	weights, faults := decodeWeights(body, a.servers())
	if len(faults) > 0 {
		refuse(w, http.StatusBadRequest, faults)
		return
	}
	if err := a.Balancer.SetWeights(weights); err != nil {
		refuse(w, statusOf(err), []string{sentence(err)})
		return
	}
	a.Logger.WithField("servers", len(weights)).Debug("admin: weights were set")
	text(w, http.StatusOK, "ok\n")
}

// drain lets a server have no new connections, or have them again.
func (a *steering) drain(drained bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, ok := read(w, r)
		if !ok {
			return
		}
		server, faults := decodeServer(body, r.URL.Query(), a.servers())
		if len(faults) > 0 {
			refuse(w, http.StatusBadRequest, faults)
			return
		}
		if err := a.Balancer.SetDrained(server, drained); err != nil {
			refuse(w, statusOf(err), []string{sentence(err)})
			return
		}
		a.Logger.WithField("server", server).WithField("drained", drained).Info("admin: a server was drained or undrained")
		text(w, http.StatusOK, "ok\n")
	}
}

// ready takes the administrator's word on whether clients should be sent here.
func (a *steering) ready(want bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		a.Condition.WantReady(want)
		a.Logger.WithField("ready", want).Info("admin: readiness was set")
		if why := a.Condition.Unready(); want && why != "" {
			text(w, http.StatusOK, "ok, and not ready yet: "+why+"\n")
			return
		}
		text(w, http.StatusOK, "ok\n")
	}
}

// servers lists the servers that can be steered: those of the settings.
func (a *steering) servers() map[string]bool {
	known := map[string]bool{}
	s := a.Balancer.Snapshot()
	for k := range s.Servers {
		if !s.Servers[k].Leaving {
			known[s.Servers[k].Name] = true
		}
	}
	return known
}

// refuse answers everything that is wrong.
func refuse(w http.ResponseWriter, status int, faults []string) {
	body, err := json.MarshalIndent(map[string][]string{"faults": faults}, "", "  ")
	if err != nil {
		body = []byte(`{"faults": []}`) // there is no such text
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// statusOf is the status of what a balancer refuses.
func statusOf(err error) int {
	switch {
	case errors.Is(err, plane.ErrUnknownServer):
		return http.StatusNotFound
	case errors.Is(err, plane.ErrNoWeights), errors.Is(err, plane.ErrSteered):
		return http.StatusConflict
	case errors.Is(err, plane.ErrEnded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// sentence is an error without the name of the package that has it.
func sentence(err error) string {
	return strings.TrimPrefix(fmt.Sprint(err), "plane: ")
}
