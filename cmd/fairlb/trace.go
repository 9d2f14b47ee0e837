package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/workload"
	"fairlb/results/text"
)

func (a *app) traceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "trace",
		Short: "Import, look at and fit request traces",
		Args:  checked(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c.AddCommand(a.traceInfoCommand(), a.traceImportCommand(), a.traceFitCommand())
	return c
}

// otherClass is what is told of requests that are of no class.
const otherClass = "other"

// classFlag is what --class says, in order.
type classFlag struct {
	names    []string
	patterns [][]string
	paths    *workload.Paths // nil without classes
}

// parseClasses reads NAME=PATTERN arguments; a name may come several times.
func parseClasses(specs []string) (classFlag, error) {
	var f classFlag
	for _, spec := range specs {
		name, pattern, found := strings.Cut(spec, "=")
		if !found || name == "" || name == "all" || name == otherClass {
			return f, invalid.Errorf("--class %q: must be NAME=PATTERN, such as wiki=/wiki/*, and the name not all or other", spec)
		}
		if _, err := workload.NewPattern(pattern); err != nil {
			return f, invalid.Errorf("--class: %w", err)
		}
		k := 0
		for k < len(f.names) && f.names[k] != name {
			k++
		}
		if k == len(f.names) {
			f.names, f.patterns = append(f.names, name), append(f.patterns, nil)
		}
		f.patterns[k] = append(f.patterns[k], pattern)
	}
	if len(f.names) > 254 {
		return f, invalid.Errorf("--class: %d classes: must be at most 254", len(f.names))
	}
	if len(f.names) == 0 {
		return f, nil
	}
	var err error
	f.paths, err = workload.NewPaths(f.patterns)
	return f, err
}

// traceInfo is what trace info prints as JSON of one file.
type traceInfo struct {
	File string `json:"file"`
	workload.TraceSummary
}

func (a *app) traceInfoCommand() *cobra.Command {
	var specs []string
	var format string
	c := &cobra.Command{
		Use:   "info FILE...",
		Short: "Print rate, burstiness and sizes of trace files",
		Args:  checked(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, files []string) error {
			if format != "text" && format != "json" {
				return invalid.Errorf("--format %q: must be text or json", format)
			}
			classes, err := parseClasses(specs)
			if err != nil {
				return err
			}
			var list []traceInfo
			for _, file := range files {
				s, err := workload.SummariseTrace(file, classes.paths)
				if err != nil {
					return err
				}
				nameClasses(&s, classes.names)
				list = append(list, traceInfo{file, s})
			}
			if format == "json" {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(list)
			}
			return a.printInfo(list)
		},
	}
	c.Flags().StringArrayVar(&specs, "class", nil, "NAME=PATTERN: a class and the paths of its requests, * for any text (repeatable)")
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// nameClasses names a summary's classes, and drops that of the requests that
// match none if there are none of those.
func nameClasses(s *workload.TraceSummary, names []string) {
	for k := range s.Classes {
		if k < len(names) {
			s.Classes[k].Name = names[k]
		} else {
			s.Classes[k].Name = otherClass
		}
	}
	if last := len(s.Classes) - 1; last >= 0 && s.Classes[last].Requests == 0 {
		s.Classes = s.Classes[:last]
	}
}

// printInfo prints what is known of trace files.
func (a *app) printInfo(list []traceInfo) error {
	table := text.NewTable()
	for k, s := range list {
		if k > 0 {
			table.Row("")
		}
		table.Rowf("file\t%s", s.File)
		table.Rowf("requests\t%d", s.Requests)
		table.Rowf("duration\t%.1f s, from %.1f s on", s.Duration, s.Start)
		table.Rowf("rate\t%.1f requests/s; busiest second %.0f", s.Rate, s.PeakRate)
		table.Rowf("burstiness\tcv of gaps %.3f, dispersion of seconds %.3f (1 for Poisson)", s.GapCV, s.Dispersion)
		table.Rowf("n\t%s", sizes(s.Requests, s.WithN, s.MeanN, s.CVN, s.MaxN))
		for _, c := range s.Classes {
			table.Rowf("class %s\t%d requests (%.1f %%), %.1f requests/s; n %s", c.Name, c.Requests,
				100*float64(c.Requests)/float64(max(s.Requests, 1)), c.Rate, sizes(c.Requests, c.WithN, c.MeanN, c.CVN, c.MaxN))
		}
	}
	return table.Write(a.stdout)
}

// sizes says what is known of n.
func sizes(requests, with int, mean, cv, largest float64) string {
	sizes := fmt.Sprintf("mean %.6g, cv %.3f, largest %.6g", mean, cv, largest)
	if with == 0 {
		return "in no request"
	}
	if with < requests {
		sizes += fmt.Sprintf(", in %d requests", with)
	}
	return sizes
}
