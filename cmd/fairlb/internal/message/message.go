// Package message makes of an error what a user is told: without the names of
// our packages, which errors begin with for programmers, and no longer than can
// be read, whatever a file or a command line holds. It is the only place that
// does so; errors themselves stay as they are.
package message

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"fairlb/env/settings"
)

// What a message has at most.
const (
	maxLines = 40
	maxRunes = 2000 // of a line
)

// packages are those whose errors begin with their name.
func packages() []string {
	return []string{
		"admin", "affinity", "agentprocess", "agents", "apache", "balancer", "balancerprocess", "chart", "checkpoint", "client", "complexity", "delay", "dispatch", "edge", "emulated",
		"env", "epoll", "es", "estimate", "eval", "eventcost", "figure", "fit", "game", "guard", "haproxy", "health", "hypernet", "inference", "jointplay", "lab", "linelog", "load", "loadprobe", "loopback", "machine",
		"markov", "methods", "metrics", "nash", "nn", "onnx", "operationtimes", "overhead", "paper", "peer", "plane", "policy", "pools", "potential", "ppo", "probing", "process", "proxyprotocol", "published", "qmix",
		"queue", "queueing", "recipes", "record", "remote", "replay", "replica", "report", "results", "rewards", "runtrace", "sac", "scenario", "schema", "selftuning",
		"settings", "shm", "sim", "simd", "snapshot", "station", "study", "testbed", "testbedtest", "tfevents", "train", "tune", "twoservers", "universal", "weblog",
		"workload",
	}
}

// Of returns what a user is told of an error.
func Of(err error) string {
	lines := strings.Split(withoutPackages(err), "\n")
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines], fmt.Sprintf("and %d more lines", more))
	}
	for k, line := range lines {
		lines[k] = shortened(line)
	}
	return strings.Join(lines, "\n")
}

// withoutPackages returns the text of an error without the names of packages,
// but for the faults of settings: these name sections of a file, some of which
// are called as packages are.
func withoutPackages(err error) string {
	text := err.Error()
	var kept []string
	keep(err, &kept)
	var out strings.Builder
	for len(text) > 0 {
		first, length := len(text), 0
		for _, k := range kept {
			if i := strings.Index(text, k); i >= 0 && (i < first || i == first && len(k) > length) {
				first, length = i, len(k)
			}
		}
		lines := strings.Split(text[:first], "\n")
		for k, line := range lines {
			lines[k] = withoutNames(line)
		}
		out.WriteString(strings.Join(lines, "\n"))
		out.WriteString(text[first : first+length])
		text = text[first+length:]
	}
	return out.String()
}

// withoutNames drops the parts of a line that are names of packages. What is
// between quotation marks is not ours.
func withoutNames(line string) string {
	const colon = ": "
	names, parts := packages(), strings.Split(line, colon)
	var left []string
	quotes := 0 // before the part
	for k, part := range parts {
		if k == len(parts)-1 || quotes%2 == 1 || !slices.Contains(names, part) {
			left = append(left, part)
		}
		quotes += strings.Count(part, `"`)
	}
	return strings.Join(left, colon)
}

// keep collects the texts of all faults of settings that an error wraps.
func keep(err error, texts *[]string) {
	switch x := err.(type) {
	case settings.Errors, settings.Error:
		*texts = append(*texts, err.Error())
	case interface{ Unwrap() []error }:
		for _, e := range x.Unwrap() {
			keep(e, texts)
		}
	default:
		if inner := errors.Unwrap(err); inner != nil {
			keep(inner, texts)
		}
	}
}

// shortened cuts a long line in the middle.
func shortened(line string) string {
	if len(line) <= maxRunes {
		return line
	}
	runes := []rune(strings.ToValidUTF8(line, "?"))
	left := len(runes) - maxRunes
	if left <= 0 {
		return line
	}
	half := maxRunes / 2
	return fmt.Sprintf("%s ... (%d characters) ... %s", string(runes[:half]), left, string(runes[len(runes)-half:]))
}

// Hook gives the errors of log entries the form of messages.
type Hook struct{}

var _ logrus.Hook = Hook{}

// Levels implements logrus.Hook.
func (Hook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook.
func (Hook) Fire(e *logrus.Entry) error {
	if err, ok := e.Data[logrus.ErrorKey].(error); ok {
		e.Data[logrus.ErrorKey] = errors.New(Of(err))
	}
	return nil
}
