package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/workload"
)

func (a *app) traceFitCommand() *cobra.Command {
	var specs []string
	var secondsPerN float64
	c := &cobra.Command{
		Use:   "fit FILE",
		Short: "Print a synthetic workload like a trace, as a section of a scenario file",
		Long: `Print the workload section of a scenario file whose random requests are like
those of a trace: its rate and bursts (by the dispersion of the counts from
0.1 to 100 s), each class's share, and the law of its n that is most likely.
Comments say how near it comes.`,
		Args: checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, files []string) error {
			if !(secondsPerN > 0 && secondsPerN <= 1e6) {
				return invalid.Errorf("--seconds-per-n %v: must be in (0, 1e6]", secondsPerN)
			}
			classes, err := parseClasses(specs)
			if err != nil {
				return err
			}
			if classes.paths == nil {
				classes.names, classes.patterns = []string{"request"}, [][]string{nil}
				if classes.paths, err = workload.NewPaths(classes.patterns); err != nil {
					return err
				}
			}
			f, err := workload.FitTrace(files[0], classes.paths)
			if err != nil {
				return err
			}
			nameClasses(&f.Summary, classes.names)
			classes.patterns = append(classes.patterns, nil) // of the others
			printFit(a.stdout, files[0], &f, classes.patterns, secondsPerN)
			return nil
		},
	}
	c.Flags().StringArrayVar(&specs, "class", nil, "NAME=PATTERN: a class and the paths of its requests, * for any text (repeatable)")
	c.Flags().Float64Var(&secondsPerN, "seconds-per-n", 1e-6, "s of demand of a unit of n; an imported trace's n is in microseconds")
	return c
}

// unknownMean is the mean demand (s) that stands for one that a trace does not
// tell.
const unknownMean = 0.01

// printFit prints the workload section of a scenario file.
func printFit(w io.Writer, file string, f *workload.TraceFit, patterns [][]string, secondsPerN float64) {
	s := &f.Summary
	fmt.Fprintf(w, "# Fitted to %q: %d requests in %.1f s.\n", file, s.Requests, s.Duration)
	fmt.Fprintf(w, "# Dispersion of counts (1 for Poisson), trace and fit:\n")
	for _, x := range f.Scales {
		if x.Window == 0.1 || x.Window == 1 || x.Window == 10 {
			fmt.Fprintf(w, "#   at %g s: %.3g and %.3g (of %d windows)\n", x.Window, x.Trace, x.Fit, x.Windows)
		}
	}
	a := &f.Arrivals
	fmt.Fprintf(w, "workload:\n  arrivals:\n    rate: %s\n", digits(a.Rate))
	if a.BurstFactor > 0 {
		fmt.Fprintf(w, "    burst_factor: %s\n    burst_mean: %s\n    calm_mean: %s\n", digits(a.BurstFactor), digits(a.BurstMean), digits(a.CalmMean))
	}
	fmt.Fprintf(w, "  # A demand is n times %g s. The n of an imported log is a response time,\n", secondsPerN)
	fmt.Fprintf(w, "  # which holds waiting, too: scale the means if they are too long.\n  classes:\n")
	left := 1.0
	for k, c := range s.Classes {
		share := math.Round(1e6*float64(c.Requests)/float64(s.Requests)) / 1e6
		if k == len(s.Classes)-1 {
			share = math.Round(1e6*max(0, left)) / 1e6
		}
		left -= share
		fmt.Fprintf(w, "    # %d requests, %s\n", c.Requests, nearness(&f.Laws[k]))
		fmt.Fprintf(w, "    - name: %q\n      share: %s\n", c.Name, strconv.FormatFloat(share, 'f', -1, 64))
		if len(patterns[k]) > 0 {
			var quoted []string
			for _, p := range patterns[k] {
				quoted = append(quoted, strconv.Quote(p))
			}
			fmt.Fprintf(w, "      paths: [%s]\n", strings.Join(quoted, ", "))
		}
		fmt.Fprintf(w, "      stages: [{resource: cpu, %s}]\n", lawFields(&f.Laws[k], secondsPerN))
	}
}

// nearness says how good a law is.
func nearness(l *workload.LawFit) string {
	if l.Values == 0 {
		return fmt.Sprintf("none with an n: the mean of %g s is made up, set it", unknownMean)
	}
	text := fmt.Sprintf("KS distance %.3f of %d n", l.KS, l.Values)
	if m := l.Mixture; m != nil {
		text = fmt.Sprintf("KS distance %.3f of %d n to two log-normals, %.3f to the best single law (%s)", m.KS, l.Values, l.KS, l.Name)
	}
	if l.Unit > 1 {
		text += fmt.Sprintf(", measured in units of %g", l.Unit)
	}
	if l.KS > 0.1 && (l.Mixture == nil || l.Mixture.KS > 0.1) {
		text += "; no law is near: consider law trace, which draws the trace's own n"
	}
	return text
}

// lawFields are a law's fields in a scenario file.
func lawFields(l *workload.LawFit, secondsPerN float64) string {
	mean := min(l.Mean*secondsPerN, 1e6)
	if l.Values == 0 {
		mean = unknownMean
	}
	if m := l.Mixture; m != nil {
		var parts []string
		left := 1.0
		for k, p := range m.Parts {
			share := math.Round(1e6*p.Share) / 1e6
			if k == len(m.Parts)-1 {
				share = math.Round(1e6*left) / 1e6
			}
			left -= share
			parts = append(parts, fmt.Sprintf("{share: %s, mean: %s, cv: %s}", strconv.FormatFloat(share, 'f', -1, 64), digits(p.Mean*secondsPerN), digits(p.CV)))
		}
		return fmt.Sprintf("law: mixture, mean: %s, parts: [%s]", digits(mean), strings.Join(parts, ", "))
	}
	text := fmt.Sprintf("law: %s, mean: %s", l.Name, digits(mean))
	switch l.Name {
	case "log-normal", "hyperexponential":
		text += ", cv: " + digits(l.CV)
	case "pareto":
		text += ", shape: " + digits(l.Shape) + ", max: " + digits(l.Max)
	}
	return text
}

// digits writes a number with five digits, which read back as YAML.
func digits(x float64) string {
	return strconv.FormatFloat(x, 'g', 5, 64)
}
