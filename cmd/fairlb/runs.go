package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"fairlb/env/settings"
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
			dirs, _, err := findRuns(root)
			if err != nil {
				return err
			}
			lines := [][]string{{"RUN", "METHOD", "REWARD", "SCENARIO", "SEED", "EPISODES", "COMPLETION", "STARTED (UTC)", "CHECKPOINT"}}
			for _, dir := range dirs {
				r := readRun(dir)
				if err := r.verify(c.Context(), false); err != nil {
					return err
				}
				lines = append(lines, r.line())
			}
			narrow(lines, listWidth, 0, 3) // names that may be long: the run's, the scenario's
			w := tabwriter.NewWriter(a.stdout, 0, 8, listGap, ' ', 0)
			for _, line := range lines {
				fmt.Fprintln(w, strings.Join(line, "\t"))
			}
			return w.Flush()
		},
	}
}

const (
	listWidth = 160 // columns that the list keeps within, if its names let it
	listGap   = 2   // spaces between two of its columns
	shortName = 20  // a name is not shortened below this
)

// narrow shortens the cells of the named columns, one column after the other, until
// the table is as wide as width.
func narrow(lines [][]string, width int, columns ...int) {
	total, widths := -listGap, make([]int, len(lines[0]))
	for k := range widths {
		for _, line := range lines {
			widths[k] = max(widths[k], utf8.RuneCountInString(line[k]))
		}
		total += widths[k] + listGap
	}
	for _, k := range columns {
		most := max(shortName, widths[k]-max(0, total-width))
		for _, line := range lines {
			line[k] = shortened(line[k], most)
		}
		total -= max(0, widths[k]-most)
	}
}

// shortened cuts the middle out of a text of more than most characters.
func shortened(text string, most int) string {
	r := []rune(text)
	if len(r) <= most {
		return text
	}
	head := (most - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(most-1-head):])
}

// line is a run's line in the list, with a dash for what is not known.
func (r *runFolder) line() []string {
	const unknown = "-"
	out := []string{r.dir, unknown, unknown, unknown, unknown, unknown, unknown, unknown, "ok"}
	if h := r.hyper; h != nil {
		out[1], out[2], out[3], out[4] = h.Method, h.Reward, h.Scenario, fmt.Sprint(h.Seed)
		out[5] = fmt.Sprintf("%d of %d", r.played(), h.Episodes)
	}
	if n := len(r.rounds); n > 0 {
		out[6] = fmt.Sprintf("%.3f s", r.rounds[n-1].Completion)
	}
	if r.record != nil {
		out[7] = r.record.Started.UTC().Format("2006-01-02 15:04")
	}
	if n := len(r.faults); n > 0 {
		out[8] = count(n, "fault")
	}
	return out
}

// count counts things.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
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
				dirs, partial, err := findRuns(root)
				if err != nil {
					return err
				}
				if len(dirs)+len(partial) == 0 {
					return usage("%s: holds no run: neither %s nor %s is in it or below it", root, recordName, train.CheckpointName)
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
				return fmt.Errorf("%s in %s", count(faults, "fault"), count(runs, "run"))
			}
			return nil
		},
	}
}

// verifyRun prints what is wrong with a run and returns the number of faults.
func (a *app) verifyRun(ctx context.Context, dir string) (faults int, err error) {
	r := readRun(dir)
	if err := r.verify(ctx, true); err != nil {
		return 0, err
	}
	switch {
	case len(r.faults) > 0:
	case r.atEnd():
		fmt.Fprintf(a.stdout, "%s: ok\n", dir)
	default:
		fmt.Fprintf(a.stdout, "%s: ok so far: %d of %s\n", dir, r.learned(), count(r.hyper.Episodes, "episode"))
	}
	for _, fault := range r.faults {
		fmt.Fprintf(a.stdout, "%s: fault: %s\n", dir, fault)
	}
	return len(r.faults), nil
}

func (a *app) runsShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show FOLDER",
		Short: "Show a run: settings, fingerprint, parameters, the last round",
		Args:  checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			dirs, partial, err := findRuns(args[0])
			if err != nil {
				return err
			}
			if !slices.Contains(dirs, args[0]) && !slices.Contains(partial, args[0]) {
				return usage("%s: holds no run: neither %s nor %s is in it", args[0], recordName, train.CheckpointName)
			}
			var b bytes.Buffer
			if err := readRun(args[0]).show(&b); err != nil {
				return err
			}
			_, err = a.stdout.Write(b.Bytes())
			return err
		},
	}
}

// show prints what is known of a run, and its faults.
func (r *runFolder) show(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	section := func(title string) { w.Flush(); fmt.Fprintf(w, "\n%s:\n", title) }
	row("run", "%s", r.dir)
	if h := r.hyper; h != nil {
		row("method", "%s", h.Method)
		row("reward", "%s", h.Reward)
		row("scenario", "%s", h.Scenario)
		row("seed", "%d", h.Seed)
		row("episodes", "%d of %d", r.played(), h.Episodes)
	}
	if r.record != nil {
		row("started", "%s", r.record.Started.UTC().Format("2006-01-02 15:04:05 MST"))
		row("made by", "%s, %s, %s", r.record.Made(), r.record.Go, r.record.Platform)
	}
	if r.policy != nil {
		m := r.policy.meta
		f := m.Fingerprint
		row("checkpoint", "format %d, of %s, SHA-256 %s", m.Format, count(m.Episode, "episode"), m.ContentSHA256)
		row("fingerprint", "%s, %s, steps of %g s, weights in [%g, %g]", count(f.Agents, "LB"), count(f.Servers, "server"), f.StepInterval, f.Low, f.High)
		row("features", "%s", strings.Join(f.Features, ", "))
	}
	if r.hyper != nil {
		changed, err := differences(train.DefaultHyperparameters(), *r.hyper)
		if err != nil {
			return err
		}
		section("settings that are not the defaults")
		for _, c := range changed {
			row("  "+c.path, "%s\t(default %s)", c.value, c.usual)
		}
	}
	if r.policy != nil {
		section("parameters, with shape and Euclidean norm")
		for _, p := range r.policy.parameters {
			sum := 0.0
			for _, v := range p.Data {
				sum += float64(v) * float64(v)
			}
			row("  "+p.Name, "%v\t%.5g", p.Shape, math.Sqrt(sum))
		}
	}
	if n := len(r.rounds); n > 0 {
		last := r.rounds[n-1]
		section(fmt.Sprintf("round %d, the last", last.Round))
		row("  completion", "%.5g s", last.Completion)
		row("  return", "%.5g", last.Return)
		row("  failed", "%s", count(last.Failed, "request"))
		row("  play", "%.3g s", last.PlaySeconds)
		row("  update", "%.3g s", last.UpdateSeconds)
		for _, name := range slices.Sorted(maps.Keys(last.Stats)) {
			row("  "+name, "%.5g", last.Stats[name])
		}
	}
	if len(r.faults) > 0 {
		section("faults")
		for _, fault := range r.faults {
			fmt.Fprintf(w, "  %s\n", fault)
		}
	}
	return w.Flush()
}

// difference is a setting that is not what it is by default; values are JSON.
type difference struct{ path, value, usual string }

// differences lists where settings h differ from base, in the struct's order.
// What one of the two leaves out has a dash there.
func differences(base, h any) ([]difference, error) {
	a, err := settings.JSON(base)
	if err != nil {
		return nil, err
	}
	b, err := settings.JSON(h)
	if err != nil {
		return nil, err
	}
	usual, err := leaves(a)
	if err != nil {
		return nil, err
	}
	own, err := leaves(b)
	if err != nil {
		return nil, err
	}
	was, is := make(map[string]string, len(usual)), make(map[string]bool, len(own))
	for _, l := range usual {
		was[l.path] = l.value
	}
	var out []difference
	for _, l := range own {
		is[l.path] = true
		before, ok := was[l.path]
		if !ok {
			before = "-"
		}
		if before != l.value {
			out = append(out, difference{l.path, l.value, before})
		}
	}
	for _, l := range usual {
		if !is[l.path] {
			out = append(out, difference{l.path, "-", l.value})
		}
	}
	return out, nil
}

// leaf is a value, in JSON, that is no object.
type leaf struct{ path, value string }

// leaves lists what a JSON object holds, in its order.
func leaves(object json.RawMessage) ([]leaf, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.Join(err, fmt.Errorf("settings: %s is no object", object))
	}
	var out []leaf
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if value[0] != '{' {
			out = append(out, leaf{fmt.Sprint(key), string(value)})
			continue
		}
		inner, err := leaves(value)
		if err != nil {
			return nil, err
		}
		for _, l := range inner {
			out = append(out, leaf{fmt.Sprintf("%v.%s", key, l.path), l.value})
		}
	}
	return out, nil
}
