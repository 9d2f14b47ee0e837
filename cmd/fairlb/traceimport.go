package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/workload/weblog"
	"fairlb/results/text"
)

// importHelp is what trace import says of itself; the formats follow.
const importHelp = `Turn logs of requests into a trace file: time<TAB>query, times from 0 on. Logs
are read one behind the other in the order given, the oldest first, and may be
packed with gzip; - is the standard input. A trace whose name ends in .gz is
packed, too; - is the standard output.

A log's format is found from its first lines, and three of them are shown as
they are read. If they can be read in more than one way, nothing is imported
and the ways are shown with the flags that choose one:

  --format NAME        a format of the list below
  --log-format STRING  the server's own format string, whose --format names:
                       nginx's log_format, Apache's LogFormat (apache), Tomcat's
                       pattern (tomcat9, tomcat10), HAProxy's log-format, and
                       those of Envoy, gunicorn and morgan
  --field ROLE=NAME    a field of JSON lines or of a CSV table (--format csv):
                       begin or end (the time), path or request, total, queue
                       and service (durations, as in total=took:ms), server,
                       size
  --request-time N:UNIT  the N-th field behind the common or combined log
                       format, or KEY:UNIT for key=value; none for none

The request time becomes the query's parameter n, in microseconds. Where a log
has the time of a request's end, as nginx's has, the request time is subtracted.
Times in whole seconds are spread over their second uniformly, by random numbers
that are the same for every import; fractions of seconds are kept. Times without
a zone are taken for UTC. Requests are then put in order.

--servers-out keeps which server each request was sent to: time_s, server,
queue_s, service_s, total_s and query, separated by tabs, or JSON lines if the
name ends in .jsonl. What a log does not tell is -.

Addresses of clients, users, referrers and agents are not written, nor the
values of parameters, unless --keep-values asks for them. A query's own
parameter n is dropped. Paths are kept: look at them before you pass a trace on.

Formats:
`

// importFlags are the flags of trace import.
type importFlags struct {
	out, servers string
	opts         weblog.Options
}

func (a *app) traceImportCommand() *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import LOG... --out FILE",
		Short: "Turn access logs and public data sets into a trace file",
		Long:  importHelp + formatList(),
		Args:  checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, logs []string) error {
			if err := f.check(logs); err != nil {
				return err
			}
			f.opts.Stdin = c.InOrStdin()
			f.opts.Show = a.showFound
			s, err := f.run(c.Context(), logs, a.stdout)
			if err != nil {
				return importError(err)
			}
			return a.printImport(&f, s)
		},
	}
	c.Flags().StringVar(&f.out, "out", "", "the trace file, or - for the standard output (required)")
	c.Flags().StringVar(&f.servers, "servers-out", "", "a file for each request's server and times, .tsv or .jsonl")
	c.Flags().StringVar(&f.opts.Format, "format", "", "the logs' format, if it is not to be found")
	c.Flags().StringVar(&f.opts.LogFormat, "log-format", "", "the server's own format string")
	c.Flags().StringArrayVar(&f.opts.Fields, "field", nil, "ROLE=NAME[:UNIT]: a field of JSON lines or of a table (repeatable)")
	c.Flags().StringVar(&f.opts.RequestTime, "request-time", "", "which field is the request time, and its unit: 2:ms, rt:s; none for none")
	c.Flags().StringVar(&f.opts.Stamps, "stamps", "", "what a log's times are of, if not as in its format: begin or end of a request")
	c.Flags().Float64Var(&f.opts.Reorder, "reorder", 120, "s by which a line may be out of order: the longest request")
	c.Flags().BoolVar(&f.opts.KeepValues, "keep-values", false, "keep the values of queries' parameters")
	c.Flags().BoolVar(&f.opts.SkipBad, "skip-bad", false, "count malformed lines instead of failing at the first")
	return c
}

// formatList lists the formats for the help.
func formatList() string {
	var b strings.Builder
	t := text.NewTable()
	t.Indent = "  "
	for _, line := range weblog.FormatHelp() {
		t.Row(line[0], line[1])
	}
	if err := t.Write(&b); err != nil {
		return err.Error()
	}
	return strings.TrimRight(b.String(), "\n")
}

// check says what is wrong with the flags.
func (f *importFlags) check(logs []string) error {
	if f.opts.Stamps == "auto" {
		f.opts.Stamps = ""
	}
	switch {
	case f.out == "":
		return invalid.Errorf("--out: must name the trace file to write, or be - for the standard output")
	case !slices.Contains([]string{"", "begin", "end"}, f.opts.Stamps):
		return invalid.Errorf("--stamps %q: must be begin or end", f.opts.Stamps)
	case !(f.opts.Reorder > 0 && f.opts.Reorder <= 86400):
		return invalid.Errorf("--reorder %v: must be in (0, 86400] s", f.opts.Reorder)
	case f.servers == "-" && f.out == "-":
		return invalid.Errorf("--servers-out -: --out is the standard output already")
	case f.servers != "" && f.servers != "-" && samePath(f.servers, f.out):
		return invalid.Errorf("--servers-out %s: is --out, too", f.servers)
	}
	seen := 0
	for _, log := range logs {
		if log == weblog.Stdin {
			seen++
		}
	}
	if seen > 1 {
		return invalid.Errorf("-: the standard input can be read only once")
	}
	if f.out != "-" {
		if err := files.CheckOutput("--out", f.out, logs...); err != nil {
			return err
		}
	}
	if f.servers != "" && f.servers != "-" {
		return files.CheckOutput("--servers-out", f.servers, logs...)
	}
	return nil
}

// samePath says whether two paths are one, as far as their text tells.
func samePath(a, b string) bool {
	absoluteA, errA := filepath.Abs(a)
	absoluteB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absoluteA == absoluteB
}

// run imports the logs and writes the files.
func (f *importFlags) run(ctx context.Context, logs []string, stdout io.Writer) (s weblog.Summary, err error) {
	var wrong error // of the logs, not of the files
	err = writeOutput("--servers-out", f.servers, stdout, func(servers io.Writer) error {
		if servers != nil {
			f.opts.Servers = servers
			f.opts.ServersJSON = strings.HasSuffix(strings.TrimSuffix(f.servers, ".gz"), ".jsonl")
		}
		return writeOutput("--out", f.out, stdout, func(w io.Writer) error {
			s, wrong = weblog.Import(ctx, logs, w, f.opts)
			return wrong
		})
	})
	if wrong != nil {
		return s, wrong
	}
	return s, err
}

// writeOutput writes what a flag names: a file, packed if its name says so, the
// standard output, or nothing.
func writeOutput(flag, path string, stdout io.Writer, write func(io.Writer) error) error {
	switch path {
	case "":
		return write(nil)
	case "-":
		return write(stdout)
	}
	err := files.Write(path, func(w io.Writer) error {
		buffer := bufio.NewWriterSize(w, 1<<16)
		if !strings.HasSuffix(path, ".gz") {
			if err := write(buffer); err != nil {
				return err
			}
			return buffer.Flush()
		}
		packed := gzip.NewWriter(buffer)
		if err := write(packed); err != nil {
			return err
		}
		if err := packed.Close(); err != nil {
			return err
		}
		return buffer.Flush()
	})
	if err != nil {
		return fmt.Errorf("%s %w", flag, err)
	}
	return nil
}

// importError lays out the ways in which a log can be read.
func importError(err error) error {
	var several *weblog.AmbiguousError
	if !errors.As(err, &several) {
		return err
	}
	table := text.NewTable("say", "to read", "request began (UTC)", "request time")
	table.Indent = "  "
	for _, c := range several.Candidates {
		table.Row(c.Flags, c.What, began(c.Reading), span(c.Reading.Total))
	}
	var b strings.Builder
	if err := table.Write(&b); err != nil {
		return err
	}
	b.WriteString("--stamps says whether the log's times are of the begin or of the end of requests.\nThe server's own format string, by --log-format, says all.")
	return invalid.Errorf("%s\n%s", several.Headline(), b.String())
}

// showFound says what a log is, and how three of its lines are read.
func (a *app) showFound(f weblog.Found) {
	fmt.Fprintf(a.stderr, "%s: read as %s (%s)\n", logName(f.Path), f.Format, f.What)
	header := []string{"request began (UTC)", "request time", "query"}
	if f.Servers {
		header = []string{"request began (UTC)", "request time", "queue", "service", "server", "query"}
	}
	table := text.NewTable(header...)
	table.Indent = "  "
	for _, r := range f.Readings {
		const widest = 48
		row := []string{began(r), span(r.Total)}
		if f.Servers {
			server := r.Server
			if server == "" {
				server = "-"
			}
			row = append(row, span(r.Queue), span(r.Service), text.Shorten(server, widest, widest/2))
		}
		table.Row(append(row, text.Shorten(r.Query, widest, widest/2))...)
	}
	if len(f.Readings) > 0 {
		_ = table.Write(a.stderr) // for people; the import goes on
	}
	if slices.ContainsFunc(f.Readings, func(r weblog.Reading) bool { return r.NoZone }) {
		fmt.Fprintln(a.stderr, "  The log's times name no zone: they are taken for UTC.")
	}
}

// logName is what people call a log.
func logName(path string) string {
	if path == weblog.Stdin {
		return "standard input"
	}
	return path
}

// began is when a request began, for people.
func began(r weblog.Reading) string {
	if !r.Fine {
		return time.UnixMicro(r.Begin).UTC().Format("2006-01-02 15:04:05")
	}
	return time.UnixMicro(r.Begin).UTC().Format("2006-01-02 15:04:05.000")
}

// span is a duration of us for people.
func span(us int64) string {
	if us < 0 {
		return "-"
	}
	return time.Duration(us * int64(time.Microsecond)).String()
}

// printImport says what was done, and warns of what was not. If the trace is the
// standard output, it says so on the other one.
func (a *app) printImport(f *importFlags, s weblog.Summary) error {
	var w io.Writer = a.stdout
	if f.out == "-" || f.servers == "-" {
		w = a.stderr
	}
	for _, file := range s.Files {
		if file.Format == "" {
			a.log.Warnf("%s: is empty", logName(file.Path))
			continue
		}
		took := "no request times: queries have no n"
		share := func(n int) float64 { return math.Floor(100 * float64(n) / float64(max(file.Requests, 1))) }
		switch {
		case file.Sized > 0:
			took = fmt.Sprintf("sizes in %.0f %% of the requests", share(file.Sized))
		case file.Timed > 0:
			took = fmt.Sprintf("request times in %.0f %% of the requests", share(file.Timed))
		}
		if _, err := fmt.Fprintf(w, "%s: %s, %d requests, %d bad lines; %s\n", logName(file.Path), file.Format, file.Requests, file.Skipped, took); err != nil {
			return err
		}
	}
	if s.FirstBad != nil {
		a.log.Warnf("%d bad lines were skipped, the first: %v", s.Skipped, s.FirstBad)
	}
	if f.out != "-" {
		_, err := fmt.Fprintf(w, "%s: %d requests in %.1f s\n", f.out, s.Requests, s.Duration)
		return err
	}
	return nil
}
