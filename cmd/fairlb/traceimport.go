package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/workload/weblog"
)

// importHelp is what trace import says of itself.
const importHelp = `Turn web servers' access logs, in the common or combined format, into a trace
file: time<TAB>query, times from 0 on. Logs are read one behind the other in
the order given, the oldest first, and may be packed with gzip. A trace whose
name ends in .gz is packed, too.

The request time becomes the query's parameter n, in microseconds; it is the
first number behind the standard fields: nginx's $request_time (seconds with
three decimals) or Apache's %D (whole microseconds). A query's own parameter n
is dropped.

Times in logs are whole seconds: each request is placed in its second
uniformly, by random numbers that are the same for every import. nginx logs
when a request ends: with --stamps auto, its request time is subtracted;
Apache's %t is when it began. Requests are then put in order.

Addresses, users, referrers and agents are not written, nor the values of
parameters, unless --keep-values asks for them. Paths are: look at them before
you pass a trace on.`

func (a *app) traceImportCommand() *cobra.Command {
	var out, requestTime string
	var opts weblog.Options
	c := &cobra.Command{
		Use:   "import LOG... --out FILE",
		Short: "Turn web servers' access logs into a trace file",
		Long:  importHelp,
		Args:  checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, logs []string) error {
			opts.RequestTime = weblog.RequestTime(requestTime)
			switch {
			case out == "":
				return invalid.Errorf("--out: must name the trace file to write")
			case !slices.Contains(weblog.RequestTimes(), opts.RequestTime):
				return invalid.Errorf("--request-time %q: must be auto, seconds, microseconds or none", requestTime)
			case !slices.Contains([]string{"auto", "begin", "end"}, opts.Stamps):
				return invalid.Errorf("--stamps %q: must be auto, begin or end", opts.Stamps)
			case !(opts.Reorder > 0 && opts.Reorder <= 86400):
				return invalid.Errorf("--reorder %v: must be in (0, 86400] s", opts.Reorder)
			}
			if err := notAnInput(out, logs); err != nil {
				return err
			}
			s, err := importLogs(c.Context(), logs, out, opts)
			if err != nil {
				return err
			}
			a.printImport(out, s)
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "the trace file (required)")
	c.Flags().StringVar(&requestTime, "request-time", "auto", "auto, seconds (nginx), microseconds (Apache) or none")
	c.Flags().StringVar(&opts.Stamps, "stamps", "auto", "what a log's times are of: begin or end of a request, or auto")
	c.Flags().Float64Var(&opts.Reorder, "reorder", 120, "s by which a line may be out of order: the longest request")
	c.Flags().BoolVar(&opts.KeepValues, "keep-values", false, "keep the values of queries' parameters")
	c.Flags().BoolVar(&opts.SkipBad, "skip-bad", false, "count malformed lines instead of failing at the first")
	return c
}

// notAnInput refuses to write over what is read, or over a folder.
func notAnInput(out string, inputs []string) error {
	target, err := os.Stat(out)
	if err != nil {
		return nil
	}
	if target.IsDir() {
		return invalid.Errorf("--out %q: is a folder", out)
	}
	for _, path := range inputs {
		if info, err := os.Stat(path); err == nil && os.SameFile(info, target) {
			return invalid.Errorf("--out %q: is one of the logs", out)
		}
	}
	return nil
}

// importLogs writes the trace file, packed if its name says so.
func importLogs(ctx context.Context, logs []string, out string, opts weblog.Options) (weblog.Summary, error) {
	var s weblog.Summary
	var wrong error // of the logs, not of the trace file
	err := files.Write(out, func(w io.Writer) error {
		buffer := bufio.NewWriterSize(w, 1<<16)
		if !strings.HasSuffix(out, ".gz") {
			if s, wrong = weblog.Import(ctx, logs, buffer, opts); wrong != nil {
				return wrong
			}
			return buffer.Flush()
		}
		packed := gzip.NewWriter(buffer)
		if s, wrong = weblog.Import(ctx, logs, packed, opts); wrong != nil {
			return wrong
		}
		if err := packed.Close(); err != nil {
			return err
		}
		return buffer.Flush()
	})
	switch {
	case wrong != nil:
		return s, wrong
	case err != nil:
		return s, fmt.Errorf("--out: %w", err)
	}
	return s, nil
}

// printImport says what was done, and warns of what was not.
func (a *app) printImport(out string, s weblog.Summary) {
	for _, f := range s.Files {
		took := "no request times: queries have no n"
		if f.RequestTime != weblog.None {
			took = fmt.Sprintf("request times in %s (%.0f %% of the requests)", f.RequestTime, math.Floor(100*float64(f.Timed)/float64(max(f.Requests, 1))))
		}
		fmt.Fprintf(a.stdout, "%s: %d requests, %d bad lines; %s\n", f.Path, f.Requests, f.Skipped, took)
	}
	fmt.Fprintf(a.stdout, "%s: %d requests in %.1f s\n", out, s.Requests, s.Duration)
	if s.FirstBad != nil {
		a.log.Warnf("%d bad lines were skipped, the first: %v", s.Skipped, s.FirstBad)
	}
}
