package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/complaintplay"
)

func TestComplaints(t *testing.T) {
	t.Parallel()
	out, _, err := command(t, "complaints", "lsq", "agent:self-tuning", "--only", "fails-fast,forgotten", "--seeds", "1000")
	require.NoError(t, err)
	require.Contains(t, out, "fails-fast (linkerd2-proxy#4537): a server that fails")
	require.Contains(t, out, "  (1) time until it has half its part again: at most 10 s\n")
	require.Regexp(t, `(?m)^  lsq +0\.3\d+ +FAIL$`, out)
	require.Regexp(t, `(?m)^  agent:self-tuning +\d+ s +pass$`, out)
	require.Regexp(t, `(?m)^  complained of: at random .* never +FAIL$`, out)
	require.NotContains(t, out, "starved")

	for args, want := range map[string]string{
		"--only rude": "must be one of many-lbs, starved", "--env live": "--env", "--seeds x": "--seeds", "--format xml": "text or json",
		"lsq lsq": "given twice", "rude": `target "rude": neither`, "lsq --set duration=x": "duration",
	} {
		_, _, err := command(t, append([]string{"complaints"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want, args)
	}
}

// TestComplaintsLive: an episode is judged in real time, however well this machine keeps up.
// A server that fails at once attracts requests by neither rule, since load balancers find
// it out by themselves; simulated, where they do not, it does by one.
func TestComplaintsLive(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	if runtime.GOOS != "linux" {
		t.Skip("emulated servers and load balancers need Linux")
	}
	out, _, err := command(t, "complaints", "self-tuning", "lsq", "--env", "testbed", "--only", "fails-fast", "--seeds", "1000", "--format", "json",
		"--set", "duration=2.5", "--set", "changes=[{at: 0.2, kind: fail-fast, servers: [3]}, {at: 2.4, kind: return, servers: [3]}]", "--set", "workload.arrivals.load=0.3")
	require.NoError(t, err)
	var answer struct{ Verdicts []complaintplay.Verdict }
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	require.Len(t, answer.Verdicts, 2)
	tuning, lsq := answer.Verdicts[0], answer.Verdicts[1]
	require.Less(t, *tuning.Figures[0].Value, 0.1)
	require.Less(t, *lsq.Figures[0].Value, 0.1)
}
