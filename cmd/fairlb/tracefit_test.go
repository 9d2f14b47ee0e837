package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/scenario"
	"fairlb/env/workload"
)

// webTrace writes a trace of bursts of two classes, of which one has an n.
func webTrace(t *testing.T, a workload.Arrivals, requests int) string {
	t.Helper()
	law, err := workload.NewLaw("log-normal", 0.05, 1.5)
	require.NoError(t, err)
	classes := []workload.Class{
		{Share: 0.4, Stages: []workload.Stage{{Resource: workload.CPU, Law: law}}},
		{Share: 0.6, Stages: []workload.Stage{{Resource: workload.CPU, Law: law}}},
	}
	s := workload.NewSynthetic(a, classes, []float64{1}, 3)
	var b strings.Builder
	b.WriteString("time\tquery\n")
	r := workload.Request{Demand: make([]float64, 1)}
	for range requests {
		require.NoError(t, s.Next(&r))
		query := fmt.Sprintf("/wiki/A?n=%.0f", r.Demand[0]*1e6)
		if r.Class == 1 {
			query = "/static/x.css"
		}
		fmt.Fprintf(&b, "%.6f\t%s\n", r.Time, query)
	}
	return fileOf(t, "web.tsv", b.String())
}

// TestTraceFit: what is printed loads as a scenario, and says what the trace
// was made from: its rate to 3 %, a class's share to 0.01, its law to 6 %.
func TestTraceFit(t *testing.T) {
	path := webTrace(t, workload.Arrivals{Rate: 200, BurstFactor: 3, BurstMean: 0.5, CalmMean: 2}, 60_000)
	out, _, err := command(t, "trace", "fit", path, "--class", "wiki=/wiki/*", "--class", "wiki=/w/*")
	require.NoError(t, err)
	require.Contains(t, out, "#   at 1 s: ")
	require.Contains(t, out, "KS distance 0.0")
	require.Contains(t, out, "none with an n: the mean of 0.01 s is made up, set it")
	s, err := scenario.Load(fileOf(t, "fitted.yaml", "servers: [{count: 4, cpus: 4, speed: 1}]\n"+out), nil)
	require.NoError(t, err, out)
	a, classes := s.Workload.Arrivals, s.Workload.Classes
	require.InEpsilon(t, 200, a.Rate, 0.03)
	require.InEpsilon(t, 3, a.BurstFactor, 0.25)
	require.InEpsilon(t, 0.5, a.BurstMean, 0.35)
	require.Len(t, classes, 2)
	require.Equal(t, "wiki", classes[0].Name)
	require.Equal(t, []string{"/wiki/*", "/w/*"}, classes[0].Paths)
	require.InDelta(t, 0.4, classes[0].Share, 0.01)
	require.Equal(t, "log-normal", classes[0].Stages[0].Law)
	require.InEpsilon(t, 0.05, classes[0].Stages[0].Mean, 0.06)
	require.InEpsilon(t, 1.5, classes[0].Stages[0].CV, 0.06)
	require.Equal(t, "other", classes[1].Name)
	require.Empty(t, classes[1].Paths)
	cfg, err := s.Config()
	require.NoError(t, err)
	_, err = cfg.Workload(1)
	require.NoError(t, err)

	// Without classes, and without bursts.
	out, _, err = command(t, "trace", "fit", webTrace(t, workload.Arrivals{Rate: 50}, 3000))
	require.NoError(t, err)
	require.NotContains(t, out, "burst")
	_, err = scenario.Load(fileOf(t, "fitted.yaml", "servers: [{count: 4, cpus: 4, speed: 1}]\n"+out), nil)
	require.NoError(t, err, out)
}

// TestTraceFitMixture: a log of two kinds of requests has a mixture, which loads, with
// the distances of both it and a single law.
func TestTraceFitMixture(t *testing.T) {
	var b strings.Builder
	b.WriteString("time\tquery\n")
	rng := rand.New(rand.NewPCG(3, 3))
	for k := range 4000 {
		n := 2000 * math.Exp(0.2*rng.NormFloat64())
		if k%5 == 0 {
			n = 90_000 * math.Exp(0.4*rng.NormFloat64())
		}
		fmt.Fprintf(&b, "%.3f\t/a?n=%.0f\n", float64(k)/100, n)
	}
	out, _, err := command(t, "trace", "fit", fileOf(t, "two.tsv", b.String()))
	require.NoError(t, err)
	require.Regexp(t, `KS distance 0\.0\d+ of 4000 n to two log-normals, 0\.\d+ to the best single law \(`, out)
	s, err := scenario.Load(fileOf(t, "fitted.yaml", "servers: [{count: 4, cpus: 4, speed: 1}]\n"+out), nil)
	require.NoError(t, err, out)
	x := s.Workload.Classes[0].Stages[0]
	require.Equal(t, "mixture", x.Law)
	require.Len(t, x.Parts, 2)
	require.InDelta(t, 0.8, x.Parts[0].Share, 0.01)
	require.InEpsilon(t, 45, x.Parts[1].Mean/x.Parts[0].Mean, 0.15)
	require.InEpsilon(t, 0.8*2000e-6*math.Exp(0.02)+0.2*0.09*math.Exp(0.08), x.Mean, 0.05)
	_, err = s.Config()
	require.NoError(t, err)
}

func TestTraceInfoClasses(t *testing.T) {
	path := fileOf(t, "t.tsv", "time\tquery\n0\t/wiki/A?n=100\n1\t/x.css\n2\t/wiki/B?n=300\n4\t/y\n")
	out, _, err := command(t, "trace", "info", path, "--class", "wiki=/wiki/*", "--class", "css=*.css")
	require.NoError(t, err)
	require.Contains(t, out, "n            mean 200, cv 0.707, largest 300, in 2 requests\n")
	require.Contains(t, out, "class wiki   2 requests (50.0 %), 0.5 requests/s; n mean 200, cv 0.707, largest 300\n")
	require.Contains(t, out, "class css    1 requests (25.0 %), 0.2 requests/s; n in no request\n")
	require.Contains(t, out, "class other  1 requests (25.0 %), 0.2 requests/s; n in no request\n")

	out, _, err = command(t, "trace", "info", path, "--format", "json", "--class", "any=*")
	require.NoError(t, err)
	var got []traceInfo
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Len(t, got, 1)
	require.Equal(t, path, got[0].File)
	require.Equal(t, 4, got[0].Requests)
	require.Equal(t, "any", got[0].Classes[0].Name)
	require.Len(t, got[0].Classes, 1, "nothing is of no class")
}
