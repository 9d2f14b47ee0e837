package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/figures"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/eval"
	"fairlb/eval/paper"
)

func (a *app) figuresCommand() *cobra.Command {
	var profile, out, tablesFolder, where, scenario, seeds string
	var runs []string
	var again bool
	var kept storeFlags
	c := &cobra.Command{
		Use:         "figures NAME...",
		Annotations: finishing("saving the trainings that run"),
		Short:       "Make figures of the paper from our own runs: " + strings.Join(paper.FigureNumbers(), ", "),
		Long: `Make figures of the paper from our own runs: their data as CSV and pictures as
PNG and SVG into the folder, a table of them to stdout.

  2a   which weights are fair, by application profile: the requests that the
       Oracle sends to a large server over those to a small one, in windows of
       10 s, beside the best fixed weights and SED's
  8    the distribution of completion times in each period of the web traffic,
       by class; for heuristics, and the runs that --run names or, without any,
       the paper's methods, trained as fairlb tables does and on the same seeds.
       Periods III and IV have the same printed rate, so that here they differ in
       the arrivals of their seeds alone. Times are on a logarithmic axis; lines end with the requests that did not fail
  4b   the same of the first period
  9    how well a controller that probes servers knows their load, by how often it
       does, and what the probes send; beside what a load balancer counts itself
  10a  the replay buffer that agents share who are trained together, as it grows
       with episodes and load balancers
  10b  what messages to agents who are trained together do to the round trips of
       others on a link of limited rate; as root, two minutes with standard
  11   how long it takes to get features: from shared memory, and by probes over
       sockets of this machine; two minutes of real time with standard
  12   servers that lose capacity: (a) busy workers, CPU use and work left over
       time, (b) the distribution of completion times; for heuristics, and the
       runs that --run names. In another scenario (--scenario), in which servers
       change at a given time, for SED and the runs; where servers that are drawn
       for each episode become slower, as in sim-dynamic, they are shown apart

With --env testbed, or a live profile, the episodes of 4b, 8, 9 and 12 are played in
real time on real traffic (fairlb testbed run), one after another; about how long
that takes is said first. Each is recorded in the folder, so that the same command
goes on after anything. What is no measurement, as this machine did not keep up
three times, is left out until --again, and so is the Oracle, which no live load balancer is.`,
		Example: "  fairlb figures 2a 8 9 10a 12 --profile standard --run runs/a-seed1",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, numbers []string) error {
			var list []paper.Figure
			for k, number := range numbers {
				figure, err := paper.FigureNumbered(number)
				if err != nil {
					return invalid.Errorf("%w", err)
				}
				if slices.Contains(numbers[:k], number) {
					return invalid.Errorf("figure %q is given twice", number)
				}
				list = append(list, figure)
			}
			p, err := paper.ProfileNamed(profile)
			if err != nil {
				return invalid.Errorf("--profile: %w", err)
			}
			live, err := figuresLive(c, where, p, list)
			if err != nil {
				return err
			}
			if again && !live {
				return invalid.Errorf("--again: goes with --env %s or a live profile", testbedEnvironment)
			}
			if len(runs) > 0 && !slices.ContainsFunc(list, paper.Figure.ShowsRuns) {
				return invalid.Errorf("--run: only figures 4b, 8 and 12 show runs")
			}
			if out == "" {
				out = filepath.Join("runs", "figures-"+p.Name)
				if live && !p.Live {
					out += "-live"
				}
			}
			if tablesFolder == "" {
				tablesFolder = filepath.Join("runs", "tables-"+p.Name)
			}
			var own []uint64
			if scenario != "" || seeds != "" {
				if live || !slices.ContainsFunc(list, func(f paper.Figure) bool { return f.Kind == paper.CapacityChange }) {
					return invalid.Errorf("--scenario and --seeds: go with figure 12, in the simulator")
				}
			}
			if seeds != "" {
				if own, err = eval.ParseSeeds(seeds); err != nil {
					return invalid.Errorf("--seeds: %w", err)
				}
			}
			m := figures.Maker{
				Dir: out, Profile: p, Search: fixedweights.DefaultSettings(), Runs: runs, Tables: tablesFolder, Live: live, Again: again,
				AnyBuild: kept.anyBuild, Scenario: scenario, Seeds: own, Executor: executor.Local{Log: a.log, Progress: a.progress}, Out: a.stdout, Log: a.log, Progress: a.progress,
			}
			return m.Make(c.Context(), list)
		},
	}
	c.Flags().StringVar(&profile, "profile", "smoke", "smoke (2 seeds), standard or paper (10 seeds), live-smoke or live")
	c.Flags().StringVar(&out, "out", "", "the folder of data and pictures (default runs/figures-PROFILE)")
	c.Flags().StringArrayVar(&runs, "run", nil, "a run's folder or checkpoint to show in figures 4b, 8 and 12 (repeatable)")
	c.Flags().StringVar(&tablesFolder, "tables", "", "the folder of fairlb tables whose training runs figures 4b and 8 show, and which takes what it lacks (default runs/tables-PROFILE)")
	c.Flags().StringVar(&scenario, "scenario", "", "the scenario of figure 12 (default web-dynamic)")
	c.Flags().StringVar(&seeds, "seeds", "", "the seeds of figure 12, such as 2000-2399 (default the profile's)")
	c.Flags().StringVar(&where, "env", simulatedEnvironment, "sim, or testbed: real time and real sockets, on this machine")
	c.Flags().BoolVar(&again, "again", false, "in real time: play those episodes again that were no measurement")
	kept.add(c)
	c.AddCommand(a.figuresRecordedCommand(), a.figuresRespondCommand())
	return c
}

// figuresLive says whether figures are played in real time, and what is wrong with that.
func figuresLive(c *cobra.Command, where string, p paper.Profile, list []paper.Figure) (bool, error) {
	if err := checkEnvironment(where, false); err != nil {
		return false, err
	}
	live := where == testbedEnvironment || p.Live
	switch {
	case !live:
		return false, nil
	case p.Live && c.Flags().Changed("env") && where != testbedEnvironment:
		return false, invalid.Errorf("--env %s: profile %s is played in real time", where, p.Name)
	}
	for _, f := range list {
		if !f.PlayedLive() {
			return false, invalid.Errorf("--env %s: only figures 4b, 8, 9 and 12 are played in real time, not %s", testbedEnvironment, f.Number)
		}
	}
	return true, nil
}
