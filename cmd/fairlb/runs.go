package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/dispatch"
	"fairlb/results/text"
	"fairlb/train"
)

func (a *app) runsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "runs",
		Short: "List, show and verify training runs",
		Args:  checked(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c.AddCommand(a.runsList(), a.runsShow(), a.runsVerify())
	return c
}

func (a *app) runsList() *cobra.Command {
	return &cobra.Command{
		Use:   "list [FOLDER]",
		Short: "List the runs in a folder and below it (default runs)",
		Long: `List the runs in a folder and below it. COMPLETION is the mean completion time of the
last round's requests, exploration included; CHECKPOINT is ok or the number of faults, which
fairlb runs verify names. Folders .partial, in which tables and studies make runs, are left out.
Long names are cut in the middle.`,
		Args: checked(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			root := "runs"
			if len(args) > 0 {
				root = args[0]
			}
			dirs, _, err := runfolder.Find(root)
			if err != nil {
				return err
			}
			table := text.NewTable("RUN", "METHOD", "REWARD", "SCENARIO", "SEED", "EPISODES", "COMPLETION", "STARTED (UTC)", "CHECKPOINT")
			for _, dir := range dirs {
				r, err := runfolder.Inspect(c.Context(), dir, false)
				if err != nil {
					return err
				}
				table.Row(summary(r)...)
			}
			table.Fit(listWidth, shortestName, text.Middle, 0, 3) // names that may be long: the run's, the scenario's
			return table.Write(a.stdout)
		},
	}
}

const (
	listWidth    = 160 // characters that the list keeps within, if its names let it
	shortestName = 20  // a name is not shortened below this
)

// summary is a run's row in the list, with a dash for what is not known.
func summary(r *runfolder.Folder) []string {
	const unknown = "-"
	out := []string{r.Dir, unknown, unknown, unknown, unknown, unknown, unknown, unknown, "ok"}
	if h := r.Hyperparameters; h != nil {
		out[1], out[2], out[3], out[4] = h.MethodName(), h.RewardName(), h.Scenario, fmt.Sprint(h.Seed)
		out[5] = fmt.Sprintf("%d of %d", r.EpisodesPlayed(), h.Episodes)
	}
	if n := len(r.Rounds); n > 0 {
		out[6] = fmt.Sprintf("%.3f s", r.Rounds[n-1].Completion)
	}
	if r.Record != nil {
		out[7] = r.Record.Started.UTC().Format("2006-01-02 15:04")
	}
	if n := len(r.Faults); n > 0 {
		out[8] = text.Count(n, "fault")
	}
	return out
}

func (a *app) runsVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify FOLDER...",
		Short: "Check runs: their files, that they agree, that the policies act",
		Long: `Check every run in the folders given and below them: the record, the settings and the
scenario can be read and agree; the record's rounds follow one another; the checkpoints, that
of the best round too, are whole (format, hash, finite values), fit the record and the
scenario, and their policies can be built and act; the state from which a stopped run goes on
is whole and the run's. Every fault is named; any makes the exit code 1. A folder .partial, in
which tables, a study or a queue makes a run, is named as unfinished and not looked into.`,
		Args: checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			runs, faults := 0, 0
			for _, root := range args {
				dirs, partial, err := runfolder.Find(root)
				if err != nil {
					return err
				}
				if len(dirs)+len(partial) == 0 {
					return invalid.Errorf("%s: holds no run: neither %s nor %s is in it or below it", root, runfolder.RecordName, train.CheckpointName)
				}
				for _, dir := range dirs {
					n, err := a.verifyRun(c.Context(), dir)
					if err != nil {
						return err
					}
					runs++
					faults += n
				}
				for _, dir := range partial {
					fmt.Fprintf(a.stdout, "%s: unfinished: in progress, or stopped; the command that made it goes on with it\n", dir)
				}
			}
			if faults > 0 {
				return fmt.Errorf("%s in %s", text.Count(faults, "fault"), text.Count(runs, "run"))
			}
			return nil
		},
	}
}

// verifyRun prints what is wrong with a run and returns the number of faults.
func (a *app) verifyRun(ctx context.Context, dir string) (faults int, err error) {
	r, err := runfolder.Inspect(ctx, dir, true)
	if err != nil {
		return 0, err
	}
	switch {
	case len(r.Faults) > 0:
	case r.Complete():
		fmt.Fprintf(a.stdout, "%s: ok\n", dir)
	default:
		fmt.Fprintf(a.stdout, "%s: ok so far: %d of %s\n", dir, r.EpisodesLearned(), text.Count(r.Hyperparameters.Episodes, "episode"))
	}
	for _, fault := range r.Faults {
		fmt.Fprintf(a.stdout, "%s: fault: %s\n", dir, fault)
	}
	return len(r.Faults), nil
}

func (a *app) runsShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show FOLDER",
		Short: "Show a run: settings, fingerprint, parameters, the last round",
		Args:  checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			dirs, partial, err := runfolder.Find(args[0])
			if err != nil {
				return err
			}
			if !slices.Contains(dirs, args[0]) && !slices.Contains(partial, args[0]) {
				return invalid.Errorf("%s: holds no run: neither %s nor %s is in it", args[0], runfolder.RecordName, train.CheckpointName)
			}
			var b bytes.Buffer
			if err := show(&b, runfolder.Read(args[0])); err != nil {
				return err
			}
			_, err = a.stdout.Write(b.Bytes())
			return err
		},
	}
}

// show prints what is known of a run, and its faults.
func show(out io.Writer, r *runfolder.Folder) error {
	sections := []*text.Table{text.NewTable()}
	row := func(name, format string, args ...any) {
		sections[len(sections)-1].Rowf("%s\t%s", name, fmt.Sprintf(format, args...))
	}
	section := func(title string) {
		sections = append(sections, text.NewTable())
		sections[len(sections)-1].Row("")
		sections[len(sections)-1].Row(title + ":")
	}
	row("run", "%s", r.Dir)
	if h := r.Hyperparameters; h != nil {
		row("method", "%s", h.MethodName())
		row("reward", "%s", h.RewardName())
		row("scenario", "%s", h.Scenario)
		row("seed", "%d", h.Seed)
		row("episodes", "%d of %d", r.EpisodesPlayed(), h.Episodes)
	}
	if r.Record != nil {
		row("started", "%s", r.Record.Started.UTC().Format("2006-01-02 15:04:05 MST"))
		row("made by", "%s, %s, %s", r.Record.Program(), r.Record.Go, r.Record.Platform)
	}
	if b := r.Beginning; b != nil {
		row("began with", "a policy of %s in %s, of %s, SHA-256 %s", b.Meta.Method, b.Meta.Scenario, text.Count(b.Meta.Episode, "episode"), b.Meta.ContentSHA256)
	}
	if h := r.Hyperparameters; h != nil && len(h.Continued) > 0 {
		row("continued", "behind episodes %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(h.Continued), " ", ", "), "[]"))
	}
	if r.Policy != nil {
		m := r.Policy.Meta
		f := m.Fingerprint
		row("checkpoint", "format %d, of %s, SHA-256 %s", m.Format, text.Count(m.Episode, "episode"), m.ContentSHA256)
		if method, err := methods.Find(m.Method); err == nil && method.Rule {
			row("fingerprint", "any LBs, any servers: a dispatch rule")
			row("features", "%s", strings.Join(append(dispatch.ServerFeatures(m.Method == dispatch.UniversalCarriedName), dispatch.PoolFeatures()...), ", "))
		} else {
			row("fingerprint", "%s, %s, steps of %g s, weights in [%g, %g]", text.Count(f.Agents, "LB"), text.Count(f.Servers, "server"), f.StepInterval, f.Low, f.High)
			row("features", "%s", strings.Join(f.Features, ", "))
		}
	}
	if r.Hyperparameters != nil {
		changed, err := runfolder.Differences(train.DefaultHyperparameters(), *r.Hyperparameters)
		if err != nil {
			return err
		}
		section("settings that are not the defaults")
		for _, c := range changed {
			row("  "+c.Path, "%s\t(default %s)", c.Value, c.Base)
		}
	}
	if r.Policy != nil {
		section("parameters, with shape and Euclidean norm")
		for _, p := range r.Policy.Parameters {
			sum := 0.0
			for _, v := range p.Data {
				sum += float64(v) * float64(v)
			}
			row("  "+p.Name, "%v\t%.5g", p.Shape, math.Sqrt(sum))
		}
	}
	if n := len(r.Rounds); n > 0 {
		last := r.Rounds[n-1]
		section(fmt.Sprintf("round %d, the last", last.Round))
		row("  completion", "%.5g s", last.Completion)
		row("  return", "%.5g", last.Return)
		row("  failed", "%s", text.Count(last.Failed, "request"))
		row("  play", "%.3g s", last.PlaySeconds)
		row("  update", "%.3g s", last.UpdateSeconds)
		for _, name := range slices.Sorted(maps.Keys(last.Stats)) {
			row("  "+name, "%.5g", last.Stats[name])
		}
	}
	if len(r.Faults) > 0 {
		section("faults")
		for _, fault := range r.Faults {
			sections[len(sections)-1].Row("  " + fault)
		}
	}
	for _, table := range sections {
		if err := table.Write(out); err != nil {
			return err
		}
	}
	return nil
}
