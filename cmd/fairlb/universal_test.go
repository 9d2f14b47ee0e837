package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
)

// trainUniversal returns the folder of a very short training of universal.
func trainUniversal(t *testing.T, more ...string) string {
	t.Helper()
	return trainRule(t, "universal", more...)
}

// trainRule returns the folder of a very short training by a recipe of a dispatch rule.
func trainRule(t *testing.T, recipe string, more ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	_, _, err := command(t, append([]string{"train", recipe, "--set", "episodes=8", "--set", "episodes_per_round=4", "--set", "universal.requests=200",
		"--set", "checkpoint_every=1", "--set", "validation_seeds=1-2", "--out", dir}, more...)...)
	require.NoError(t, err)
	return dir
}

// TestUniversalOnAnyPool: what was trained on random pools is evaluated in scenarios of other
// sizes, beside the policy that ships, and the same command trains the same policy.
func TestUniversalOnAnyPool(t *testing.T) {
	t.Parallel()
	dir := trainUniversal(t)
	for _, scenario := range []string{"sim-moderate/pure-cpu", "web-moderate/period-1"} {
		out, _, err := command(t, "eval", "self-tuning", "universal", dir, "--scenario", scenario, "--seeds", "1000", "--duration", "5", "--format", "csv")
		require.NoError(t, err)
		require.Contains(t, out, dir)
	}
	out, _, err := command(t, "pools", "self-tuning", "universal", dir, trainUniversal(t, "--seed", "2"), "--pools", "9001-9002", "--duration", "2")
	require.NoError(t, err)
	require.Contains(t, out, "2 trainings")
	out, _, err = command(t, "runs", "verify", dir)
	require.NoError(t, err)
	require.Contains(t, out, "ok")
	shown, _, err := command(t, "runs", "show", dir)
	require.NoError(t, err)
	require.Contains(t, shown, "any LBs, any servers")

	picture := filepath.Join(t.TempDir(), "curve.svg")
	_, _, err = command(t, "plot", dir, "--compare", "self-tuning", "--out", picture)
	require.NoError(t, err)
	drawn, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "self-tuning")
	_, _, err = command(t, "plot", dir, "--compare", "sad", "--out", picture)
	require.ErrorContains(t, err, "unknown heuristic")

	export := func(run string) string {
		file := filepath.Join(t.TempDir(), "p.csv")
		_, _, err := command(t, "export", run, "--out", file)
		require.NoError(t, err)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		return string(text)
	}
	text := export(dir)
	require.Equal(t, text, export(trainUniversal(t)))
	require.Equal(t, dispatch.ShippedPolicy(false).Text(), export("universal"))
	policy, err := dispatch.ParsePolicy("p.csv", text)
	require.NoError(t, err)
	require.NotEqual(t, &dispatch.Policy{}, policy)
}

// TestUniversalCarried: universal-carried is trained on pools whose servers tell, evaluated
// on such, exported and verified, and refused where nobody tells and where an agent would act.
func TestUniversalCarried(t *testing.T) {
	t.Parallel()
	dir := trainRule(t, "universal-carried")
	out, _, err := command(t, "pools", "universal", "universal-carried", dir, "--pools", "9001-9002", "--duration", "2", "--set", "reports.carried=true")
	require.NoError(t, err)
	require.Contains(t, out, dir)
	_, _, err = command(t, "eval", dir, "--scenario", "sim-moderate/pure-cpu", "--seeds", "1000", "--duration", "5")
	require.ErrorContains(t, err, "universal-carried: needs servers that tell how many requests they have")
	out, _, err = command(t, "runs", "verify", dir)
	require.NoError(t, err)
	require.Contains(t, out, "ok")
	out, _, err = command(t, "runs", "show", dir)
	require.NoError(t, err)
	require.Contains(t, out, "popular*share")

	for _, run := range []string{dir, "universal-carried"} {
		file := filepath.Join(t.TempDir(), "p.csv")
		_, _, err = command(t, "export", run, "--out", file)
		require.NoError(t, err)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		policy, err := dispatch.ParsePolicy(file, string(text))
		require.NoError(t, err)
		require.Equal(t, run != dir, string(text) == dispatch.ShippedPolicy(true).Text())
		require.Equal(t, dispatch.UniversalCarriedName, policy.Rule())
		_, _, err = command(t, "export", run, "--out", file+".onnx")
		require.ErrorContains(t, err, "a policy of universal-carried: must be of universal")
		_, _, err = command(t, "agent", run, "--plane", "shm:"+file)
		require.ErrorContains(t, err, "it is a rule of fairlb lb")
		require.Equal(t, exitUsage, exitCode(err))
	}
	_, _, err = command(t, "train", "universal-carried", "--from", trainUniversal(t), "--out", filepath.Join(t.TempDir(), "run"))
	require.ErrorContains(t, err, "trained by the method universal; the run is of universal-carried")
	_, _, err = command(t, "train", "universal-carried", "--set", "scenario.reports.carried=false", "--out", filepath.Join(t.TempDir(), "run"))
	require.ErrorContains(t, err, "universal-carried: needs servers that tell how many requests they have")
}

// TestUniversalPolicyFile: fairlb lb takes the coefficients that fairlb export writes, and says
// what is wrong with a file.
func TestUniversalPolicyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	policy, settings := filepath.Join(dir, "p.csv"), filepath.Join(dir, "lb.yaml")
	require.NoError(t, os.WriteFile(settings, []byte("listen: [{address: 127.0.0.1:0}]\nservers: [{address: 127.0.0.1:9}]\nrule: {name: universal, policy: "+policy+"}\n"), 0o600))
	_, _, err := command(t, "lb", settings, "--check")
	require.ErrorContains(t, err, "rule.policy")
	require.Equal(t, exitUsage, exitCode(err))

	require.NoError(t, os.WriteFile(policy, []byte(dispatch.ShippedPolicy(false).Text()), 0o600))
	out, _, err := command(t, "lb", settings, "--check")
	require.NoError(t, err)
	require.Contains(t, out, "by universal")
	require.NoError(t, os.WriteFile(settings, []byte("listen: [{address: 127.0.0.1:0}]\nservers: [{address: 127.0.0.1:9}]\nrule: {name: 'universal:overflow=0.2', policy: "+policy+"}\nretry: {attempts: 1}\nhealth: {passive: 0}\n"), 0o600))
	out, _, err = command(t, "lb", settings, "--check")
	require.NoError(t, err)
	require.Contains(t, out, "by universal:overflow=0.2")

	broken := strings.Replace(dispatch.ShippedPolicy(false).Text(), "trend,", "trend,x", 1)
	require.NoError(t, os.WriteFile(policy, []byte(broken), 0o600))
	_, _, err = command(t, "lb", settings, "--check")
	require.ErrorContains(t, err, "line 8: trend: weight")

	run := trainSmall(t)
	_, _, err = command(t, "export", run, "--out", policy)
	require.ErrorContains(t, err, "is no dispatch rule")
	require.Equal(t, exitUsage, exitCode(err))
	_, _, err = command(t, "export", trainUniversal(t), "--lb", "0", "--out", filepath.Join(dir, "m.onnx"))
	require.ErrorContains(t, err, "the same for all load balancers")
	_, _, err = command(t, "export", "universal", "--out", filepath.Join(dir, "m.onnx"))
	require.NoError(t, err)
}
