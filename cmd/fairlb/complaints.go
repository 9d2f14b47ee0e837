package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/complaintplay"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/eval"
	"fairlb/eval/complaints"
	"fairlb/results/text"
)

// complaintsFlags are those of the command.
type complaintsFlags struct {
	where, seeds, format string
	only, set            []string
}

func (a *app) complaintsCommand() *cobra.Command {
	var f complaintsFlags
	c := &cobra.Command{
		Use:   "complaints [TARGET...]",
		Short: "Judge load balancing by complaints that people have filed about it",
		Long: `Judge load balancing by complaints that people have filed: each has a scenario,
complaint/NAME, and a criterion, whose figures have limits that the one who complained
wants to be kept. A target passes if they are in the episode of every seed; the figures
shown are the worst of all. In the simulator the rule that is complained of stands below
the targets: it is to fail.

` + complaintsList() + `
A TARGET is what fairlb eval takes, or agent:self-tuning, an agent that sets weights by
self-tuning; without any, a selection. --env testbed plays in real time and takes the targets
of fairlb testbed run; an episode takes 20 to 30 s.

The sixth complaint, two writers of weights that fight (haproxy-ingress#442), no episode
shows; see env/testbed/README.md.`,
		Example: "  fairlb complaints self-tuning agent:self-tuning lsq peak-ewma --seeds 1000-1002",
		Args:    checked(cobra.ArbitraryArgs),
		RunE:    func(c *cobra.Command, args []string) error { return a.complaints(c, args, &f) },
	}
	c.Flags().StringVar(&f.where, "env", simulatedEnvironment, "sim, or testbed: real time and real sockets, on this machine")
	c.Flags().StringVar(&f.seeds, "seeds", "1000-1004", "seeds of the episodes, such as 1000-1019,7")
	c.Flags().StringSliceVar(&f.only, "only", nil, "names of complaints, with commas between (default all)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "path=value, put into every scenario (repeatable)")
	c.Flags().StringVar(&f.format, "format", "text", "text or json")
	return c
}

// complaintsList is a line or two a complaint, for the help.
func complaintsList() string {
	var b strings.Builder
	for _, c := range complaints.All() {
		fmt.Fprintf(&b, "  %-11s %s\n", c.Name, strings.Join(c.Issues, ", "))
	}
	return b.String()
}

// selectComplaints returns those of the names; all if there are none.
func selectComplaints(names []string) ([]complaints.Complaint, error) {
	all := complaints.All()
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, c := range all {
		known = append(known, c.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, invalid.Errorf("--only %s: must be one of %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(c complaints.Complaint) bool { return !slices.Contains(names, c.Name) }), nil
}

// complaints plays, judges and prints.
func (a *app) complaints(c *cobra.Command, targets []string, f *complaintsFlags) error {
	if err := checkEnvironment(f.where, false); err != nil {
		return err
	}
	if f.format != "text" && f.format != "json" {
		return invalid.Errorf("--format %q: must be text or json", f.format)
	}
	list, err := selectComplaints(f.only)
	if err != nil {
		return err
	}
	seeds, err := eval.ParseSeeds(f.seeds)
	if err != nil {
		return invalid.Errorf("--seeds: %w", err)
	}
	for k, name := range targets {
		if slices.Contains(targets[:k], name) {
			return invalid.Errorf("target %q is given twice", name)
		}
	}
	cfg := complaintplay.Config{
		Complaints: list, Targets: targets, Seeds: seeds, Set: f.set, Display: a.progress,
		Open: complaintplay.Simulated, Offenders: true, Workers: runtime.GOMAXPROCS(0),
	}
	if len(targets) == 0 {
		cfg.Targets = []string{"self-tuning", complaintplay.SelfTuningAgent, "lsq", "sed", "p2c", "wlr", "peak-ewma"}
	}
	var doubts []string
	if f.where == testbedEnvironment {
		cfg.Offenders, cfg.Workers = false, 1
		cfg.Open = a.openLive(&doubts)
	}
	verdicts, err := complaintplay.Play(c.Context(), cfg)
	if err != nil {
		return err
	}
	if f.format == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Environment string                  `json:"environment"`
			Seeds       []uint64                `json:"seeds"`
			Verdicts    []complaintplay.Verdict `json:"verdicts"`
			Warnings    []string                `json:"warnings,omitempty"`
		}{f.where, seeds, verdicts, doubts})
	}
	return a.printComplaints(list, verdicts, len(seeds), doubts)
}

// printComplaints prints a table a complaint.
func (a *app) printComplaints(list []complaints.Complaint, verdicts []complaintplay.Verdict, seeds int, doubts []string) error {
	for _, c := range list {
		of := slices.DeleteFunc(slices.Clone(verdicts), func(v complaintplay.Verdict) bool { return v.Complaint != c.Name })
		if _, err := fmt.Fprintf(a.stdout, "%s (%s): %s.\n", c.Name, strings.Join(c.Issues, ", "), c.Says); err != nil {
			return err
		}
		for k, f := range figuresOf(of) {
			if _, err := fmt.Fprintf(a.stdout, "  (%d) %s: %s\n", k+1, f.What, limitOf(f)); err != nil {
				return err
			}
		}
		if err := complaintTable(of).Write(a.stdout); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.stdout); err != nil {
			return err
		}
	}
	for _, doubt := range doubts {
		if _, err := fmt.Fprintf(a.stdout, "warning: %s\n", doubt); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.stdout, "Figures are the worst of %d episodes; a target passes if it does in each of them.\n", seeds)
	return err
}

// figuresOf are the figures of a complaint, as one of the targets has them.
func figuresOf(verdicts []complaintplay.Verdict) []complaintplay.Figure {
	for _, v := range verdicts {
		if len(v.Figures) > 0 {
			return v.Figures
		}
	}
	return nil
}

// complaintTable is the table of one complaint.
func complaintTable(verdicts []complaintplay.Verdict) *text.Table {
	header := []string{"target"}
	for k := range figuresOf(verdicts) {
		header = append(header, fmt.Sprintf("(%d)", k+1))
	}
	table := text.NewTable(append(header, "")...)
	table.Indent = "  "
	for k := range header[1:] {
		table.Right(k + 1)
	}
	for _, v := range verdicts {
		row := []string{v.Target}
		if v.Offender {
			row[0] = "complained of: " + v.Target
		}
		if v.NotPlayed != "" {
			for len(row) < len(header) {
				row = append(row, "")
			}
			table.Row(append(row, "not played: "+v.NotPlayed)...)
			continue
		}
		for _, f := range v.Figures {
			row = append(row, valueOf(f))
		}
		said := "pass"
		switch {
		case v.Pass:
		case v.Episodes == 1:
			said = "FAIL"
		default:
			said = fmt.Sprintf("FAIL, %d of %d", v.Episodes-v.Passed, v.Episodes)
		}
		table.Row(append(row, said)...)
	}
	return table
}

// limitOf is what a figure is to be.
func limitOf(f complaintplay.Figure) string {
	word := "at most"
	if f.AtLeast {
		word = "at least"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %g %s", word, f.Limit, f.Unit))
}

// valueOf is a figure's value.
func valueOf(f complaintplay.Figure) string {
	if f.Value == nil {
		return "never"
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", *f.Value, f.Unit))
}
