package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a balancer, its process and its checks.
type fake struct {
	state   plane.Snapshot
	refuses error

	weights            map[string]float64
	drained            map[string]bool
	unhealthy, unready string
	wanted             []bool
}

func (f *fake) Snapshot() plane.Snapshot { return f.state }

func (f *fake) Addresses() []netip.AddrPort {
	return []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8080")}
}

func (f *fake) SetWeights(weights map[string]float64) error {
	if f.refuses == nil {
		f.weights = weights
	}
	return f.refuses
}

func (f *fake) SetDrained(server string, drained bool) error {
	if f.refuses == nil {
		f.drained[server] = drained
	}
	return f.refuses
}

func (f *fake) Unhealthy() string   { return f.unhealthy }
func (f *fake) Unready() string     { return f.unready }
func (f *fake) WantReady(want bool) { f.wanted = append(f.wanted, want) }

func (f *fake) Status() []health.Status {
	return []health.Status{{Name: "a", Up: true, Checks: 4, Failures: 1, Last: errors.New("refused"), Took: time.Millisecond}}
}

// newFake has the servers a and b/1, and c, which leaves.
func newFake() (*fake, Config) {
	f := &fake{drained: map[string]bool{}, state: plane.Snapshot{
		Name: "web", Uptime: 90 * time.Second, Decider: "weights", Open: 3, Accepted: 12,
		Servers: []plane.ServerState{{Name: "a", Address: "127.0.0.1:1", In: true, Up: true, Weight: 2, Ongoing: 3, Reports: 7, Reported: 5, ReportAge: 0.5}, {Name: "b/1", Weight: math.NaN()}, {Name: "c", Leaving: true}},
		Loops:   []plane.LoopState{{Turns: 9}},
		Reports: &plane.ReportsState{Address: "127.0.0.1:4", Heard: 7, Refused: [plane.Refusals]uint64{plane.LateReport: 2}},
	}}
	f.state.Ended[plane.QueueFull] = 5
	f.state.Faults[plane.PutOut] = 6
	log := logrus.New()
	log.SetOutput(io.Discard)
	return f, Config{Balancer: f, Condition: f, Checks: f, Logger: log, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "metrics") })}
}

// ask asks a handler.
func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

// TestWatching: a loopback address has no more than watching needs.
func TestWatching(t *testing.T) {
	t.Parallel()
	f, cfg := newFake()
	h := Watching(cfg)
	require.Equal(t, "metrics", ask(h, "GET", "/metrics", "").Body.String())
	for path, reason := range map[string]*string{"/healthz": &f.unhealthy, "/readyz": &f.unready} {
		w := ask(h, "GET", path, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "ok\n", w.Body.String())
		*reason = "no server is in"
		w = ask(h, "GET", path, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "no server is in\n", w.Body.String())
		*reason = ""
	}
	for _, path := range []string{"/", "/state", "/debug/pprof/", "/debug/pprof/heap", "/weights"} {
		require.Equal(t, http.StatusNotFound, ask(h, "GET", path, "").Code, path)
	}
	for _, path := range []string{"/weights", "/drain?server=a", "/undrain?server=a", "/ready", "/unready"} {
		require.Equal(t, http.StatusNotFound, ask(h, "POST", path, `{"a": 1}`).Code, path)
	}
	require.Empty(t, f.weights)
	require.Empty(t, f.drained)
	require.Empty(t, f.wanted)
}

// TestMethods: what changes something is a POST, what does not is a GET, and the answer to
// others says so.
func TestMethods(t *testing.T) {
	t.Parallel()
	f, cfg := newFake()
	h := Full(cfg)
	for path, allow := range map[string]string{
		"/weights": "POST", "/drain": "POST", "/undrain": "POST", "/ready": "POST", "/unready": "POST",
		"/state": "GET, HEAD", "/metrics": "GET, HEAD", "/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/debug/pprof/heap": "GET, HEAD",
	} {
		for _, method := range []string{"GET", "PUT", "DELETE", "POST"} {
			if strings.Contains(allow, method) {
				continue
			}
			w := ask(h, method, path+"?server=a", `{"a": 1}`)
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, "%s %s", method, path)
			require.Equal(t, allow, w.Header().Get("Allow"), path)
		}
	}
	require.Empty(t, f.weights)
	require.Empty(t, f.drained)
	require.Empty(t, f.wanted)
	require.Contains(t, ask(h, "GET", "/", "").Body.String(), "POST /weights")
	require.Equal(t, http.StatusOK, ask(h, "GET", "/debug/pprof/goroutine?debug=1", "").Code)
}

// TestState: the state is told in full, with units.
func TestState(t *testing.T) {
	t.Parallel()
	f, cfg := newFake()
	for k := range f.state.Duration.Buckets {
		if b := plane.BucketIndex(k); b == -8 || b == 16 {
			f.state.Duration.Buckets[k] = 10
		}
	}
	f.state.Duration.Count, f.state.Duration.Sum = 20, 45
	f.unready = "no server is in"
	w := ask(Full(cfg), "GET", "/state", "")
	require.Equal(t, http.StatusOK, w.Code)
	var s State
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &s))
	require.Equal(t, DurationState{Count: 20, Mean: 2.25, P50: 0.5, P90: 4, P99: 4, Buckets: s.Duration.Buckets}, s.Duration)
	total := 0.0
	for _, b := range s.Duration.Buckets {
		total += b[1]
	}
	require.Equal(t, 20.0, total)
	require.Equal(t, 4.0, s.Duration.Buckets[len(s.Duration.Buckets)-1][0])
	require.Equal(t, DurationState{Buckets: []Bucket{}}, s.Wait)
	require.Equal(t, 90.0, s.Uptime)
	require.Equal(t, []string{"127.0.0.1:8080"}, s.Listen)
	require.False(t, s.Ready)
	require.Equal(t, "no server is in", s.Unready)
	require.Len(t, s.Ended, int(plane.Outcomes))
	require.EqualValues(t, 5, s.Ended["queue_full"])
	require.Len(t, s.Faults, int(plane.FaultKinds))
	require.EqualValues(t, 6, s.Faults["put_out"])
	require.Len(t, s.Servers, 3)
	require.Equal(t, &CheckState{Up: true, Checks: 4, Failures: 1, Last: "refused", Took: 0.001}, s.Servers[0].Check)
	require.Equal(t, int32(3), s.Servers[0].Active)
	require.Nil(t, s.Servers[1].Check)
	require.Equal(t, &ToldState{Reports: 7, Requests: 5, Age: 0.5}, s.Servers[0].Told)
	require.Nil(t, s.Servers[1].Told)
	require.Equal(t, "127.0.0.1:4", s.Reports.Listen)
	require.EqualValues(t, 7, s.Reports.Heard)
	require.Len(t, s.Reports.Refused, int(plane.Refusals))
	require.EqualValues(t, 2, s.Reports.Refused["late"])
	require.EqualValues(t, 9, s.Loops[0].Turns)
}

// TestWeights: weights are set all at once, or not at all, and every fault is named.
func TestWeights(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ body, want string }{
		{`{"a": 0.5, "b/1": 3}`, ""},
		{`{"a": 1e300}`, ""},
		{``, "the body must be a JSON object"},
		{`[1]`, "the body must be a JSON object"},
		{`{}`, "there is no weight"},
		{`{"a": 1, "x": 2}`, `"x": there is no such server`},
		{`{"a": 1, "c": 2}`, `"c": there is no such server`},
		{`{"a": 1, "a": 2}`, `"a" is there twice`},
		{`{"a": 0}`, `"a": the weight must be a number above 0`},
		{`{"a": -1, "b/1": "2", "x": null}`, `"a": the weight must be a number above 0|"b/1": the weight must be a number above 0|"x": there is no such server`},
		{`{"a": null}`, `"a": the weight must be a number above 0`},
		{`{"a": {"deep": [1]}}`, `"a": the weight must be a number above 0`},
		{`{"a": 1e999}`, `"a": the weight must be a number above 0`},
		{`{"a": 1}{"a": 2}`, "behind the JSON object there must be nothing"},
		{`{"a": 1,`, "the body is no JSON from byte 8 on"},
		{`{"a" 1}`, "the body is no JSON from byte 5 on"},
		{`{"a": NaN}`, "the body is no JSON from byte 5 on"},
	} {
		f, cfg := newFake()
		w := ask(Full(cfg), "POST", "/weights", test.body)
		if test.want == "" {
			require.Equal(t, http.StatusOK, w.Code, test.body)
			var want map[string]float64
			require.NoError(t, json.Unmarshal([]byte(test.body), &want))
			require.Equal(t, want, f.weights)
			continue
		}
		require.Equal(t, http.StatusBadRequest, w.Code, test.body)
		require.Equal(t, strings.Split(test.want, "|"), faultsOf(t, w), test.body)
		require.Empty(t, f.weights)
	}
}

// faultsOf returns the faults that an answer names.
func faultsOf(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	var answer struct{ Faults []string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	return answer.Faults
}

// TestRefusals: what a balancer refuses has a status of its own.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for err, status := range map[error]int{
		plane.ErrNoWeights: http.StatusConflict, plane.ErrSteered: http.StatusConflict, plane.ErrEnded: http.StatusServiceUnavailable, errors.New("broken"): http.StatusInternalServerError,
		fmt.Errorf("%w: a", plane.ErrUnknownServer): http.StatusNotFound,
	} {
		f, cfg := newFake()
		f.refuses = err
		for _, path := range []string{"/weights", "/drain?server=a"} {
			body := ""
			if path == "/weights" {
				body = `{"a": 1}`
			}
			w := ask(Full(cfg), "POST", path, body)
			require.Equal(t, status, w.Code, path)
			require.Equal(t, []string{strings.TrimPrefix(err.Error(), "plane: ")}, faultsOf(t, w))
		}
	}
}

// TestBodies: a body is sized before it is read, whether it says its length or not, and
// faults do not grow with it.
func TestBodies(t *testing.T) {
	t.Parallel()
	f, cfg := newFake()
	h := Full(cfg)
	long := `{"a": 1` + strings.Repeat(" ", maxBody) + "}"
	w := ask(h, "POST", "/weights", long)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	r := httptest.NewRequest("POST", "/weights", io.MultiReader(strings.NewReader(long)))
	require.EqualValues(t, -1, r.ContentLength)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	require.Empty(t, f.weights)

	var many strings.Builder
	many.WriteString(`{"0": 1`)
	for k := 1; k < 1000; k++ {
		fmt.Fprintf(&many, `, "%d%s": 1`, k, strings.Repeat("x", 500))
	}
	many.WriteString("}")
	faults := faultsOf(t, ask(h, "POST", "/weights", many.String()))
	require.Len(t, faults, maxFaults+1)
	require.Equal(t, "and 980 more", faults[maxFaults])
	require.Less(t, len(faults[1]), 200)
}

// TestDrain: a server is named by the query or by the body.
func TestDrain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ query, body, want string }{
		{"?server=a", "", ""},
		{"?server=b%2F1", "", ""},
		{"", `{"server": "a"}`, ""},
		{"", "", `the server is missing: ?server=NAME, or {"server": "NAME"}`},
		{"?server=x", "", `"x": there is no such server`},
		{"?server=c", "", `"c": there is no such server`},
		{"?server=a&server=b", "", "there must be one server, and there are 2"},
		{"?server=a", `{"server": "a"}`, "there must be one server, and there are 2"},
		{"?name=a", "", `"name": there is no such parameter`},
		{"", `{"name": "a"}`, `"name": there is no such field`},
		{"", `{"server": 3}`, "server: must be a name"},
		{"", `{"server": null}`, "server: must be a name"},
		{"", `"a"`, "the body must be a JSON object"},
	} {
		f, cfg := newFake()
		w := ask(Full(cfg), "POST", "/drain"+test.query, test.body)
		if test.want == "" {
			require.Equal(t, http.StatusOK, w.Code)
			require.Len(t, f.drained, 1)
			for name := range f.drained {
				require.True(t, f.drained[name])
				w = ask(Full(cfg), "POST", "/undrain"+test.query, test.body)
				require.Equal(t, http.StatusOK, w.Code)
				require.False(t, f.drained[name])
			}
			continue
		}
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Equal(t, []string{test.want}, faultsOf(t, w))
		require.Empty(t, f.drained)
	}
}

// TestReady: the administrator's word is passed on, and the answer says what else is
// wanting.
func TestReady(t *testing.T) {
	t.Parallel()
	f, cfg := newFake()
	h := Full(cfg)
	require.Equal(t, "ok\n", ask(h, "POST", "/unready", "").Body.String())
	f.unready = "no server is in"
	require.Equal(t, "ok, and not ready yet: no server is in\n", ask(h, "POST", "/ready", "").Body.String())
	require.Equal(t, []bool{false, true}, f.wanted)
}

// FuzzBody: whatever a body holds, what is accepted is what a decoder of JSON makes of it,
// of servers that there are; and what is refused has a reason.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"a": 0.5, "b/1": 3}`, `{"server": "a"}`, `{"a": 1, "a": 2}`, `{"a": {"b": [1, {}]}}`, `{`, `{"\ud800": 1}`, "{\"a\": 1}\n"} {
		f.Add([]byte(seed))
	}
	known := map[string]bool{"a": true, "b/1": true}
	f.Fuzz(func(t *testing.T, body []byte) {
		weights, faults := decodeWeights(body, known)
		if len(faults) == 0 {
			var want map[string]float64
			require.NoError(t, json.Unmarshal(body, &want))
			require.Equal(t, want, weights)
			for name, w := range weights {
				require.True(t, known[name] && w > 0 && !math.IsInf(w, 0))
			}
		}
		require.LessOrEqual(t, len(faults), maxFaults+1)
		server, faults := decodeServer(body, nil, known)
		require.Equal(t, len(faults) == 0, known[server])
	})
}
