package emulated

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/workload"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	const end = " HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, test := range []struct {
		text      string
		resources string
		demands   []float64
		keepAlive bool
	}{
		{"GET /?cpu=0.036&io=0.0056" + end, "cpu io", []float64{0.036, 0.0056}, true},
		{"GET /wiki/a%20b?io=1&io=2.5&cpu=10000" + end, "io io cpu", []float64{1, 2.5, 10000}, true},
		{"GET /?cpu=0" + end, "cpu", []float64{0}, true},
		{"HEAD /health" + end, "", nil, true},
		{"GET / HTTP/1.0\r\n\r\n", "", nil, false},
		{"GET / HTTP/1.0\r\nconnection:  Keep-Alive \r\n\r\n", "", nil, true},
		{"GET / HTTP/1.1\r\nCONNECTION: close\r\nContent-Length: 0\r\n\r\n", "", nil, false},
		{"GET /?cpu=1&cpu=1&cpu=1&cpu=1&cpu=1&cpu=1&io=0.000000001" + end, "cpu cpu cpu cpu cpu cpu io", []float64{1, 1, 1, 1, 1, 1, 1e-9}, true},
	} {
		r, length, err := parseRequest([]byte(test.text + "GET"))
		require.NoError(t, err, test.text)
		require.Equal(t, len(test.text), length)
		require.Equal(t, test.keepAlive, r.keepAlive, test.text)
		require.Equal(t, strings.HasPrefix(test.text, "HEAD"), r.head)
		require.Equal(t, len(test.demands), r.stages, test.text)
		if r.stages > 0 {
			require.Equal(t, test.demands, r.demands[:r.stages])
			require.Equal(t, "["+test.resources+"]", fmt.Sprint(paths()[r.path]))
		}
		for k := range len(test.text) - 1 {
			_, length, err := parseRequest([]byte(test.text[:k]))
			require.NoError(t, err, test.text[:k])
			require.Zero(t, length)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	const end = " HTTP/1.1\r\n\r\n"
	for text, want := range map[string]error{
		"GET  / HTTP/1.1\r\n\r\n":                              errMalformed,
		"GET /\r\n\r\n":                                        errMalformed,
		"GET http://a/ HTTP/1.1\r\n\r\n":                       errMalformed,
		"GET / HTTP/2.0\r\n\r\n":                               errMalformed,
		"GET / HTTP/1.1\r\nno colon\r\n\r\n":                   errMalformed,
		"GET / HTTP/1.1\r\na b: c\r\n\r\n":                     errMalformed,
		"\r\n\r\n":                                             errMalformed,
		"POST /" + end:                                         errMethod,
		"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n":          errBody,
		"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n": errBody,
		"GET /?" + end:                                         errDemand,
		"GET /?cpu" + end:                                      errDemand,
		"GET /?cpu=" + end:                                     errDemand,
		"GET /?cpu=." + end:                                    errDemand,
		"GET /?cpu=1." + end:                                   errDemand,
		"GET /?cpu=.1" + end:                                   errDemand,
		"GET /?cpu=-1" + end:                                   errDemand,
		"GET /?cpu=1e3" + end:                                  errDemand,
		"GET /?cpu=NaN" + end:                                  errDemand,
		"GET /?cpu=10000.1" + end:                              errDemand,
		"GET /?cpu=0.000000000000000001" + end:                 errDemand,
		"GET /?disk=1" + end:                                   errDemand,
		"GET /?CPU=1" + end:                                    errDemand,
		"GET /?cpu=1&" + end:                                   errDemand,
		"GET /?" + strings.Repeat("cpu=1&", maxStages) + "cpu=1" + end: errDemand,
		"GET /" + strings.Repeat("a", maxHead):                         errTooLarge,
		"GET /" + strings.Repeat("a", maxHead) + end:                   errTooLarge,
	} {
		_, _, err := parseRequest([]byte(text))
		require.ErrorIs(t, err, want, "%.60q", text)
		require.NotEmpty(t, rejection(err))
	}
}

// TestPaths: there are fewer than 256, each once.
func TestPaths(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, path := range paths() {
		seen[fmt.Sprint(path)] = true
	}
	require.Len(t, seen, len(paths()))
	require.LessOrEqual(t, len(paths()), math.MaxUint8)
	require.Equal(t, []workload.Resource{workload.CPU}, paths()[0])
}

// FuzzParseRequest: whatever comes, a request has a path for its stages and demands that
// a station takes.
func FuzzParseRequest(f *testing.F) {
	for _, text := range []string{"GET /?cpu=0.036&io=0.0056 HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /?cpu=1e9 HTTP/1.1\r\n\r\n", "\x16\x03\x01"} {
		f.Add([]byte(text))
	}
	all := paths()
	f.Fuzz(func(t *testing.T, b []byte) {
		r, length, err := parseRequest(b)
		require.True(t, length >= 0 && length <= len(b) && length <= maxHead)
		if err != nil || length == 0 || r.stages == 0 {
			return
		}
		require.Len(t, all[r.path], r.stages)
		for _, d := range r.demands[:r.stages] {
			require.True(t, d >= 0 && d <= maxDemand)
		}
	})
}
