//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/plane"
)

// TestFive: the files of env/testbed/README.md fit together and, at other ports, do what it
// says: servers, a load balancer, an agent that steers it, and a client that is answered.
func TestFive(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	folder := filepath.Join("..", "..", "env", "testbed", "five")
	scenario := filepath.Join(folder, "scenario.yaml")
	ctx, stop := context.WithCancel(t.Context())
	servers, ended := &syncBuffer{}, make(chan error, 1)
	go func() { ended <- run(ctx, []string{"testbed", "servers", scenario}, servers, servers) }()
	var addresses []string
	require.Eventually(t, func() bool {
		addresses = regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(servers.String(), -1)
		return len(addresses) == 5
	}, time.Minute, time.Millisecond)

	cfg, err := plane.ReadFile(filepath.Join(folder, "lb.yaml"))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(folder, "lb.yaml"))
	require.NoError(t, err)
	haproxy, err := os.ReadFile(filepath.Join(folder, "haproxy.cfg"))
	require.NoError(t, err)
	b := newBalancer(t)
	settings := string(text)
	for k, s := range cfg.Servers {
		require.Equal(t, fmt.Sprintf("127.0.0.1:%d", 9001+k), s.Address, "as the README's command has it")
		require.Contains(t, string(haproxy), fmt.Sprintf("server %s %s\n", s.Name, s.Address))
		settings = strings.ReplaceAll(settings, s.Address, addresses[k])
	}
	region := filepath.Join(b.dir, "region")
	settings = strings.ReplaceAll(strings.ReplaceAll(settings, cfg.Shared.Path, region), cfg.Listen[0].Address, "127.0.0.1:0")
	require.NoError(t, os.WriteFile(b.file, []byte(fmt.Sprintf("%sadmin: {socket: %s/admin}\n%s", settings, b.dir, quickChecks)), 0o600))
	b.start()
	agent, steers := &syncBuffer{}, make(chan error, 1)
	go func() { steers <- run(ctx, []string{"agent", "--plane", "shm:" + region}, agent, agent) }()
	b.await("the agent decides", func() bool { return b.state().Decider == "weights" })

	out, _, err := command(t, "testbed", "client", scenario, "--to", b.state().Listen[0], "--duration", "2", "--format", "json")
	require.NoError(t, err)
	var report clientReport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Len(t, report.Classes, 1)
	page := report.Classes[0]
	require.InDelta(t, 480, float64(page.Requests), 100)
	require.Zero(t, page.Failed, "%v", page.Reasons)
	require.Greater(t, page.Mean, 0.01)
	out, _, err = command(t, "testbed", "client", scenario, "--to", b.state().Listen[0], "--duration", "0.5", "--keep-alive")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^page +\d+ +0 `, out)
	b.signal(syscall.SIGTERM)
	require.Zero(t, b.exit())
	stop()
	require.NoError(t, <-steers)
	require.NoError(t, <-ended)
	require.Regexp(t, `(?m)^4 +\d+ +\d+ +0 +0 +0$`, servers.String(), "what each server did")
}

// TestTestbedFaults: what is wrong is named before anything is started.
func TestTestbedFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		want string
	}{
		{"client web-moderate/period-1", "--to is missing"},
		{"client web-moderate/period-1 --to localhost:80", `--to "localhost:80": must be an IPv4 address and a port`},
		{"client web-moderate/period-1 --to 127.0.0.1:0", "must be an IPv4 address and a port"},
		{"client web-moderate/period-1 --to 127.0.0.1:1 --format xml", `--format "xml": must be text or json`},
		{"client web-moderate/period-9 --to 127.0.0.1:1", "neither a file nor a built-in scenario"},
		{"servers web-moderate/period-1 --port 65533", "port 65533: 7 servers need ports from 1 to 65535"},
		{"servers web-moderate/period-1 --port -1", "port -1"},
		{"servers web-churn", "change at random"},
	} {
		_, _, err := command(t, append([]string{"testbed"}, strings.Fields(test.args)...)...)
		require.ErrorContains(t, err, test.want, test.args)
		require.Equal(t, exitUsage, exitCode(err), test.args)
	}
}

// TestTrainLive: agents learn on real traffic, and are evaluated there beside a heuristic and
// beside the simulator.
func TestTrainLive(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	dir := filepath.Join(t.TempDir(), "run")
	_, said, err := command(t, "train", filepath.Join("..", "..", "train", "recipes", "demo.yaml"), "--env", "testbed", "--out", dir,
		"--set", "scenario=sim-moderate/pure-cpu", "--set", "scenario.timeout=5", "--set", "episodes=2", "--set", "episode_duration=1", "--set", "episodes_per_round=1", "--set", "checkpoint_every=1",
		"--set", "updates_per_round=1", "--set", "sac.batch=4", "--set", "sac.hidden=4", "--set", "sac.critic_rounds=1")
	require.NoError(t, err, said)
	out, _, err := command(t, "eval", "lsq", dir, "--env", "testbed", "--compare", "--scenario", "sim-moderate/pure-cpu", "--set", "timeout=5", "--seeds", "1000", "--duration", "1")
	require.NoError(t, err)
	require.Contains(t, out, "lsq sim")
	for want, args := range map[string][]string{
		"must be sim or testbed": {"eval", "lsq", "--env", "lab", "--scenario", "sim-moderate/pure-cpu"},
		"needs --env testbed":    {"eval", "lsq", "--compare", "--scenario", "sim-moderate/pure-cpu"},
		"oracle":                 {"eval", "oracle", "--env", "testbed", "--scenario", "sim-moderate/pure-cpu", "--seeds", "1", "--duration", "1"},
		"learns from":            {"train", "delay", "--env", "testbed", "--out", filepath.Join(t.TempDir(), "other")},
	} {
		_, _, err := command(t, args...)
		require.ErrorContains(t, err, want)
		require.Equal(t, exitUsage, exitCode(err), "%v", args)
	}
}
