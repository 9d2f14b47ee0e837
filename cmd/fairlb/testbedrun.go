package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/figures"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/cmd/fairlb/internal/traced"
	"fairlb/env/scenario"
	"fairlb/eval"
	"fairlb/eval/episodes"
)

func (a *app) testbedRunCommand() *cobra.Command {
	var f evaluationFlags
	var targets []string
	var compare bool
	c := &cobra.Command{
		Use:   "run",
		Short: "Evaluate targets on live traffic on this machine, emulated servers or Apache",
		Long: `Evaluate targets on live traffic on this machine, without rights and with nothing
installed: a scenario's servers, emulated in real time behind HTTP (they sleep for as
long as the simulator's stations would work), the load balancers of fairlb lb before
them, and clients that send the scenario's requests when they are due, whatever became
of those before. Load balancers and agents are processes of their own, with nothing
between them but the shared memory of one load balancer and its agent. A target is

  sed, lsq, ...       a heuristic that a live load balancer knows
  tuned               the best fixed weights, searched in the simulator
  runs/mine           a run's folder or a checkpoint: agents decide by the policy alone
  agent:runs/mine     the same as an operator has it, under the agent's guard
  agent:self-tuning   agents that need no training
  haproxy-leastconn, haproxy-random, haproxy-roundrobin
                      HAProxy, where it is installed, told each server's CPUs
  nginx-leastconn, nginx-random, nginx-roundrobin
                      the same of nginx with its stream module

Figures are those of fairlb eval, in the same formats; each target meets the requests
of the same seeds, one episode after another.

--compare simulates each target beside it, with the same requests: sed sim beside sed.

--servers apache puts real servers in their place, as root on Linux with Debian's packages
apache2, libapache2-mod-php and iproute2: Apache with PHP, each in a network namespace and
under a quota of processor time, whose requests compute for as long as they ask for. They
must fit this machine: --scale 0.1 makes each processor a tenth of a core, and lets a tenth
of the requests come. --edge ecmp puts a router before the load balancers, the kernel's, as
root: which one a request meets follows from a hash of its ports. What both make is removed
at the end or, after a crash, by the next.

A run in which this machine did not keep up is no measurement: a warning says so.`,
		Example: "  fairlb testbed run --scenario web-moderate/period-1 --targets sed,lsq,self-tuning --compare",
		Args:    checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.evaluation(c, &f, targets, true, compare)
		},
	}
	f.add(c, "1000-1004", 60, "s of arrivals in an episode, which takes as long")
	c.Flags().StringSliceVar(&targets, "targets", nil, "what balances, with commas between (required)")
	c.Flags().StringVar(&f.setup.Servers, "servers", loopback.Emulated, "emulated, or apache: real ones, that compute (root)")
	c.Flags().StringVar(&f.setup.Edge, "edge", "", "ecmp: one address, whose connections the kernel spreads over load balancers (root)")
	c.Flags().Float64Var(&f.scale, "scale", 1, "factor on the speed of the servers and the rate of the requests")
	c.Flags().BoolVar(&compare, "compare", false, "simulate each target, too")
	return c
}

// guardedPrefix begins the name of a target that is an agent as an operator has it.
const guardedPrefix = "agent:"

// liveTarget is a target that is live, by its name.
func liveTarget(s scenario.Scenario, name string, search func() (target.Target, error)) (t target.Target, guarded bool, err error) {
	if slices.Contains(loopback.ExternalTargets(), name) {
		return target.Target{Target: episodes.Target{Name: name}, Heuristic: name}, false, nil
	}
	policy, guarded := strings.CutPrefix(name, guardedPrefix)
	list, err := target.ParseAll(s, []string{policy}, search)
	if err != nil {
		return target.Target{}, false, err
	}
	t = list[0]
	t.Name = name
	return t, guarded, nil
}

// evaluateLive evaluates targets in real time, one episode after another and, if compare
// is set, each in the simulator as well. It leaves traces of all episodes if a folder for them
// is given.
func (a *app) evaluateLive(c *cobra.Command, s scenario.Scenario, setup loopback.Setup, names []string, seeds []uint64, search func() (target.Target, error), compare bool, traces *traced.Folder) (*eval.Evaluation, error) {
	var doubts, notes []string
	told := loopback.Told{
		Doubt: func(target string, seed uint64, what string) {
			doubts = append(doubts, fmt.Sprintf("%s, seed %d: %s: no measurement", target, seed, what))
		},
		Note: func(target string, seed uint64, what string) {
			notes = append(notes, fmt.Sprintf("%s, seed %d: %s", target, seed, what))
		},
	}
	var list []target.Target
	var faults []error
	for k, name := range names {
		if slices.Contains(names[:k], name) {
			faults = append(faults, invalid.Errorf("target %q is given twice", name))
			continue
		}
		t, guarded, err := liveTarget(s, name, search)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		live, err := setup.Live(s, t, guarded, told)
		if err != nil {
			faults = append(faults, invalid.Errorf("%w", err))
			continue
		}
		list = append(list, traces.Target(live, true))
		if compare && t.Env != nil {
			t.Name += figures.Simulated
			t.Notes, t.Warnings, t.Recipe = nil, nil, "" // said of the live one, which is the training that counts
			list = append(list, traces.Target(t, false))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	evaluation, err := target.Evaluate(c.Context(), s, list, seeds, 1, a.progress)
	if err != nil {
		return nil, err
	}
	evaluation.Notes = append(append(evaluation.Notes, setup.Differences(s)...), notes...)
	evaluation.Warnings = append(slices.Clip(evaluation.Warnings), doubts...)
	return evaluation, nil
}
