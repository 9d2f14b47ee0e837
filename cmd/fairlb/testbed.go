package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/testbed"
	"fairlb/env/scenario"
	"fairlb/env/testbed/client"
	"fairlb/env/testbed/emulated"
	"fairlb/results/text"
)

func (a *app) testbedCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "testbed",
		Short: "Scenarios in real time on this machine; their servers and clients by themselves",
		Args:  checked(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c.AddCommand(a.testbedServersCommand(), a.testbedClientCommand(), a.testbedRunCommand(), a.testbedCurveCommand())
	return c
}

func (a *app) testbedServersCommand() *cobra.Command {
	var overrides []string
	port := 0
	c := &cobra.Command{
		Use:         "servers SCENARIO",
		Annotations: finishing("saying how it went"),
		Short:       "Emulate a scenario's servers on loopback, behind HTTP",
		Long: `Emulate a scenario's servers on loopback, behind HTTP, until SIGTERM or Ctrl-C. A
server does its processors, workers, backlog and IO in real time, by the simulator's
own code, and sleeps instead of computing. A request names what it demands, in s:

  curl 'http://127.0.0.1:9001/anything?cpu=0.05&io=0.01'

Where the scenario has reports.carried, answers have a header X-Fairlb-Requests, the
number of requests that the server has left, which HAProxy can log.

SCENARIO is a built-in one or a file. The servers' addresses are printed as they
listen, and at the end what they did and how late their clock was.`,
		Example: "  fairlb testbed servers web-moderate/period-1 --port 9001",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := scenario.Load(args[0], overrides)
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			cfg, err := testbed.Servers(&s, port)
			if err != nil {
				return err
			}
			servers, err := emulated.Listen(cfg)
			if err != nil {
				return err
			}
			defer servers.Close()
			t := text.NewTable("SERVER", "ADDRESS", "CPUS", "SPEED")
			for k, at := range servers.Addresses() {
				t.Row(strconv.Itoa(k), at.String(), strconv.Itoa(cfg.Servers[k].CPUs), fmt.Sprintf("%.4g", cfg.Servers[k].Speed))
			}
			if err := t.Write(a.stdout); err != nil {
				return err
			}
			if err := servers.Run(c.Context()); err != nil {
				return err
			}
			return a.reportServers(servers.Report())
		},
	}
	c.Flags().StringArrayVar(&overrides, "set", nil, "path=value: override a field of the scenario (repeatable)")
	c.Flags().IntVar(&port, "port", 0, "the first server's port, the others' follow it (default: any that are free)")
	return c
}

// reportServers prints what emulated servers did.
func (a *app) reportServers(r emulated.Report) error {
	t := text.NewTable("SERVER", "CONNECTIONS", "COMPLETED", "REFUSED", "GONE", "MALFORMED")
	for k, s := range r.Servers {
		t.Rowf("%d\t%d\t%d\t%d\t%d\t%d", k, s.Accepted, s.Completed, s.Refused, s.Gone, s.Malformed)
	}
	for _, doubt := range r.Doubts() {
		a.log.Warn(doubt)
	}
	return t.Write(a.stdout)
}

func (a *app) testbedClientCommand() *cobra.Command {
	var overrides, to []string
	var format string
	var seed uint64
	keepAlive, duration := false, 0.0
	c := &cobra.Command{
		Use:   "client SCENARIO --to ADDRESS",
		Short: "Send a scenario's requests to load balancers, when due, and print their times",
		Long: `Send a scenario's requests to load balancers, each at its time whether or not those
before it have been answered, and print how long they took. Times are from when a
request was due, so that nothing is left out of them that keeps the client waiting;
failed requests are among them, with the scenario's timeout.

A request goes to the load balancer that the scenario draws for it: to the first
--to, the second, and so on, or the first again where there are fewer. It has a
connection of its own unless --keep-alive is given.`,
		Example: "  fairlb testbed client web-moderate/period-1 --to 127.0.0.1:8080 --duration 30",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return invalid.Errorf("--format %q: must be text or json", format)
			}
			targets, err := parseTargets(to)
			if err != nil {
				return err
			}
			if duration > 0 {
				overrides = append(overrides, fmt.Sprintf("duration=%g", duration))
			}
			s, err := scenario.Load(args[0], overrides)
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			cfg, source, err := testbed.Client(&s, targets, seed)
			if err != nil {
				return err
			}
			cfg.KeepAlive = keepAlive
			result, err := client.Run(c.Context(), cfg, source)
			if err != nil {
				return err
			}
			return a.reportClient(result, format)
		},
	}
	c.Flags().StringArrayVar(&overrides, "set", nil, "path=value: override a field of the scenario (repeatable)")
	c.Flags().StringSliceVar(&to, "to", nil, "addresses of load balancers, IPv4 and port (required, repeatable)")
	c.Flags().Float64Var(&duration, "duration", 0, "s of requests (default: the scenario's)")
	c.Flags().Uint64Var(&seed, "seed", 1, "of the requests")
	c.Flags().BoolVar(&keepAlive, "keep-alive", false, "connections stay for the requests that follow")
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// parseTargets reads the addresses of load balancers.
func parseTargets(list []string) ([]netip.AddrPort, error) {
	if len(list) == 0 {
		return nil, invalid.Errorf("--to is missing: the address of a load balancer, such as 127.0.0.1:8080")
	}
	var targets []netip.AddrPort
	for _, text := range list {
		at, err := netip.ParseAddrPort(text)
		if err != nil || !at.Addr().Is4() || at.Port() == 0 {
			return nil, invalid.Errorf("--to %q: must be an IPv4 address and a port, such as 127.0.0.1:8080", text)
		}
		targets = append(targets, at)
	}
	return targets, nil
}

// times are the figures of a class of requests, in s.
type times struct {
	Class    string           `json:"class"`
	Requests int64            `json:"n"`
	Failed   int64            `json:"failed"`
	Reasons  map[string]int64 `json:"failures,omitempty"`
	Mean     float64          `json:"mean"`
	P50      float64          `json:"p50"`
	P90      float64          `json:"p90"`
	P95      float64          `json:"p95"`
	P99      float64          `json:"p99"`
	P999     float64          `json:"p999"`
	SentP99  float64          `json:"from_sent_p99"`
}

func timesOf(c client.Class) times {
	at := func(h *hdrhistogram.Histogram, p float64) float64 { return float64(h.ValueAtPercentile(p)) / 1e6 }
	t := times{
		Class: c.Name, Requests: c.Completed + c.Failures(), Failed: c.Failures(), Mean: c.Mean(),
		P50: at(c.FromDue, 50), P90: at(c.FromDue, 90), P95: at(c.FromDue, 95), P99: at(c.FromDue, 99), P999: at(c.FromDue, 99.9), SentP99: at(c.FromSent, 99),
	}
	if t.Requests == 0 {
		t.Mean = 0
	}
	for k, n := range c.Failed {
		if n > 0 {
			if t.Reasons == nil {
				t.Reasons = map[string]int64{}
			}
			t.Reasons[client.Failure(k).String()] = n
		}
	}
	return t
}

// clientReport is what testbed client prints as JSON.
type clientReport struct {
	Classes []times  `json:"classes"`
	Late    float64  `json:"client_late_p99_s"`
	Doubts  []string `json:"doubts"`
}

// reportClient prints how long requests took.
func (a *app) reportClient(r *client.Result, format string) error {
	report := clientReport{Late: r.LatenessAt(99).Seconds(), Doubts: append([]string{}, r.Doubts()...)}
	for _, c := range r.Classes {
		report.Classes = append(report.Classes, timesOf(c))
	}
	if len(r.Classes) > 1 {
		report.Classes = append(report.Classes, timesOf(r.All()))
	}
	for _, doubt := range report.Doubts {
		a.log.Warn(doubt)
	}
	if format == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	t := text.NewTable("CLASS", "REQUESTS", "FAILED", "MEAN (ms)", "P50", "P90", "P95", "P99", "P99.9", "P99 FROM SENT")
	for _, c := range report.Classes {
		row := []string{c.Class, strconv.FormatInt(c.Requests, 10), strconv.FormatInt(c.Failed, 10)}
		for _, x := range []float64{c.Mean, c.P50, c.P90, c.P95, c.P99, c.P999, c.SentP99} {
			row = append(row, fmt.Sprintf("%.1f", 1000*x))
		}
		t.Row(row...)
	}
	return t.Write(a.stdout)
}
