package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/sim/queueing"
	"fairlb/eval/figure"
	"fairlb/eval/theory/twoservers"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// markovSettings are the flags of `fairlb theory markov`.
type markovSettings struct {
	queue             int
	load, ties, slot  float64
	full, view, rest  string
	together          string
	readings          bool
	simulate, seconds int
	out               string
}

// slowestQueue is the longest queue that the command takes where own tasks are told
// apart: there are (queue + 1)^2 (queue + 2)^2 / 4 states then.
const slowestQueue = 30

func (a *app) theoryMarkovCommand() *cobra.Command {
	x := markovSettings{queue: 10, load: 1, ties: 0.5, full: "refused", view: "own", rest: "uniform", together: "joint", readings: true, seconds: 20_000}
	c := &cobra.Command{
		Use:   "markov",
		Short: "Solve the two servers of appendix A exactly (Figure 2b)",
		Long: `Solve the two servers of appendix A exactly and print the bars of Figure 2b: the
weighted service duration of WCMP, LSQ and SED, with all traffic seen or a part of it
(-Q) and with inverted weights (~W); beside them other ways to break ties, the fixed
form of self-tuning SED, and how long the system takes to forget how it began. What the
paper leaves open are flags; a second table changes one of these choices after the other,
and says which of the paper's statements hold under each.`,
		Example: "  fairlb theory markov --simulate 20 --out results/theory",
		Args:    checked(cobra.NoArgs),
		RunE:    func(c *cobra.Command, _ []string) error { return a.theoryMarkov(c.Context(), x) },
	}
	c.Flags().IntVar(&x.queue, "queue", x.queue, "tasks that a server holds at most (Q)")
	c.Flags().Float64Var(&x.load, "load", x.load, "tasks that arrive over what the servers can do; 1 is nominal")
	c.Flags().Float64Var(&x.ties, "ties", x.ties, "chance that the fast server gets a task where both have the same score, in the rows that name no ties")
	c.Flags().StringVar(&x.full, "full", x.full, "a task that is sent to a full queue: refused, or diverted to the other")
	c.Flags().StringVar(&x.view, "view", x.view, "what is seen of a queue that others use, too: own (tasks), thinned (each task with a chance), scaled (a part of the length) or whole")
	c.Flags().StringVar(&x.rest, "rest", x.rest, "the traffic that is not seen: uniform, weighted (by speeds) or same (one other load balancer of the same rule)")
	c.Flags().Float64Var(&x.slot, "slot", x.slot, "length of a slot in which each arrival and departure happens or not; 0: one event at a time")
	c.Flags().StringVar(&x.together, "together", x.together, "the two queues: joint (exact), conditional or independent (the printed equation)")
	c.Flags().BoolVar(&x.readings, "readings", x.readings, "print the second table, too")
	c.Flags().IntVar(&x.simulate, "simulate", x.simulate, "simulate each bar in so many runs and print the 99.9 % interval; 0: do not")
	c.Flags().IntVar(&x.seconds, "seconds", x.seconds, "length of such a run, in mean service times of the slow server")
	c.Flags().StringVar(&x.out, "out", "", "a folder for figure-2b.csv and figure-2b.png")
	return c
}

// model returns the model of the flags, or what is wrong with them.
func (x *markovSettings) model() (twoservers.Model, error) {
	m := twoservers.Plain(x.queue)
	m.Load, m.TiesToFast, m.Slot = x.load, x.ties, x.slot
	m.Full, m.View, m.Rest, m.Queues = twoservers.Full(x.full), twoservers.View(x.view), twoservers.Rest(x.rest), twoservers.Queues(x.together)
	if x.together != "joint" && m.View == twoservers.OwnTasks {
		m.View = twoservers.ThinnedView
	}
	if err := m.Validate(); err != nil {
		return m, invalid.Errorf("%w", err)
	}
	longest := slowestQueue
	if x.readings { // one of which has queues of twice the length
		longest /= 2
	}
	switch {
	case x.queue > longest:
		return m, invalid.Errorf("--queue %d: must be in [1, %d], and with --readings=false in [1, %d]", x.queue, slowestQueue/2, slowestQueue)
	case x.simulate < 0 || x.simulate == 1 || x.simulate > 10_000:
		return m, invalid.Errorf("--simulate %d: must be 0 or in [2, 10000]", x.simulate)
	case x.seconds < 100 || x.seconds > 10_000_000:
		return m, invalid.Errorf("--seconds %d: must be in [100, 10000000]", x.seconds)
	case x.readings && x.together != "joint":
		return m, invalid.Errorf("--together %s: the second table begins with the exact chain: give --readings=false, too", x.together)
	}
	return m, nil
}

// theoryMarkov solves and prints.
func (a *app) theoryMarkov(ctx context.Context, x markovSettings) error {
	m, err := x.model()
	if err != nil {
		return err
	}
	if x.out != "" {
		if err := files.CheckOutput("--out", filepath.Join(x.out, "figure-2b.csv")); err != nil {
			return err
		}
	}
	bars, err := twoservers.Bars(m)
	if err != nil {
		return err
	}
	var simulated []string
	if x.simulate > 0 {
		if simulated, err = a.simulateBars(ctx, bars, x); err != nil {
			return err
		}
	}
	if err := report.WriteBarsText(a.stdout, m, bars, simulated); err != nil {
		return err
	}
	var readings []twoservers.Reading
	if x.readings {
		if readings, err = twoservers.Readings(m); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout)
		if err := report.WriteReadingsText(a.stdout, readings); err != nil {
			return err
		}
	}
	if x.out == "" {
		return nil
	}
	f := figure.NewWeightedDurations(m.Queue, bars, readings)
	var csv, png bytes.Buffer
	if err := report.WriteWeightedDurationsCSV(&csv, f); err != nil {
		return err
	}
	if err := chart.DrawWeightedDurations(&png, f, "png"); err != nil {
		return err
	}
	if err := files.WriteBytes(filepath.Join(x.out, "figure-2b.csv"), csv.Bytes()); err != nil {
		return err
	}
	return files.WriteBytes(filepath.Join(x.out, "figure-2b.png"), png.Bytes())
}

// simulateBars says in words what the simulator says of each bar: the interval, and
// whether the chain's value is inside. Bars with other ties than fair ones are not
// simulated. Self-tuning SED is simulated as it is, with its memory, so that it need
// not agree with its fixed form.
func (a *app) simulateBars(ctx context.Context, bars []twoservers.Bar, x markovSettings) ([]string, error) {
	list := make([]string, len(bars))
	for k, b := range bars {
		if b.Method.TiesToFast != 0.5 {
			continue
		}
		model := b.Model
		if b.Method.SelfTuned {
			model.TiesToFast = 0.5
		}
		s := queueing.TwoServers{Model: model, SelfTuning: b.Method.SelfTuned, Seconds: float64(x.seconds), Seeds: x.simulate}
		r, err := s.Measure(ctx)
		if err != nil {
			return nil, invalid.Errorf("--simulate: %w", err)
		}
		verdict := "inside"
		if r.Low > b.Solution.Duration || b.Solution.Duration > r.High {
			verdict = "OUTSIDE"
		}
		if b.Method.SelfTuned {
			verdict = "with its memory"
		}
		list[k] = fmt.Sprintf("%.3f +- %.3f %s", r.Mean, r.High-r.Mean, verdict)
	}
	return list, nil
}
