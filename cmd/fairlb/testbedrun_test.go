package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

// TestTestbedRun: live targets and their simulations meet the same requests, in one report.
func TestTestbedRun(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	if runtime.GOOS != "linux" {
		t.Skip("emulated servers and load balancers need Linux")
	}
	out, _, err := command(t, "testbed", "run", "--scenario", "web-moderate/period-1", "--set", "workload.arrivals.rate=100",
		"--targets", "sed,self-tuning", "--seeds", "3,4", "--duration", "0.5", "--compare", "--format", "json")
	require.NoError(t, err)
	var e eval.Evaluation
	require.NoError(t, json.Unmarshal([]byte(out), &e))
	require.Len(t, e.Results, 4)
	for k, name := range []string{"sed", "sed sim", "self-tuning", "self-tuning sim"} {
		require.Equal(t, name, e.Results[k].Target)
		require.Equal(t, e.Results[0].Classes[0].N, e.Results[k].Classes[0].N)
	}
	require.NotEmpty(t, e.Notes)
}

// TestTestbedRefuses: what cannot be run is refused before anything runs.
func TestTestbedRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                                 "--scenario: must name",
		"--scenario web-moderate/period-1": "--targets: must name",
		"--scenario web-moderate/period-1 --targets sed --seeds x":                     "--seeds",
		"--scenario web-moderate/period-1 --targets sed --format x":                    "--format",
		"--scenario web-moderate/period-1 --targets sed --servers nginx":               "--servers",
		"--scenario web-moderate/period-1 --targets sed --servers apache":              "--servers apache",
		"--scenario web-moderate/period-1 --targets sed --edge x":                      "--edge",
		"--scenario web-moderate/period-1 --targets haproxy-random --edge ecmp":        "haproxy-random",
		"--scenario web-moderate/period-1 --targets sed --scale 0":                     "--scale 0",
		"--scenario web-moderate/period-1 --targets sed,sed":                           "given twice",
		"--scenario web-moderate/period-1 --targets oracle":                            `target "oracle": must be one of`,
		"--scenario web-moderate/period-1 --targets sed --set changes=[{at:1,kind:x}]": "changes",
	} {
		_, _, err := command(t, append([]string{"testbed", "run"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want, args)
	}
}
