package main

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/servicecurve"
	"fairlb/env/station"
	"fairlb/env/testbed/apache"
	"fairlb/eval/figure"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// maxConcurrency is how many clients there are at most: a goroutine and a file each.
const maxConcurrency = 1000

func (a *app) testbedCurveCommand() *cobra.Command {
	var f figure.ServiceCurve
	var out string
	var mixes, numbers []string
	var period, timeout time.Duration
	c := &cobra.Command{
		Use:   "curve",
		Short: "Measure what a server makes of so many requests at a time, beside the model",
		Long: `Measure what one server makes of 1, 2, 4, ... requests at a time: as one ends, its
client sends the next, by a connection of its own and straight to the server. Beside it
stands what the simulator's model makes of the same. --servers apache is a real one, as
for fairlb testbed run, as root.

A request is named by its mean processor time and IO, in s: 0.02 or 0.01+0.01. Each
demands from half to one and a half of that, the same measured and in the model.
--out writes NAME.csv and the picture NAME.png.`,
		Example: "  fairlb testbed curve --servers apache --cpus 1 --speed 0.5 --requests 0.02,0.01+0.01 --out curve",
		Args:    checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := curveConfig(&f, mixes, numbers, period, timeout)
			if err != nil {
				return err
			}
			if out != "" {
				for _, extension := range []string{".csv", ".png"} {
					if err := files.CheckOutput("--out", out+extension); err != nil {
						return err
					}
				}
			}
			cfg.Progress = func(m figure.ServiceMix, p figure.ServicePoint) {
				a.log.Infof("%s, %d at a time: %.4g/s, the model %.4g/s", m.Name(), p.Concurrency, p.Throughput, p.Model)
			}
			f.Machine, f.Measured = fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.GOARCH), time.Now().Format(time.DateOnly)
			if f.Mixes, err = servicecurve.Measure(c.Context(), cfg); err != nil {
				return err
			}
			if out != "" {
				if err := files.Write(out+".csv", func(w io.Writer) error { return report.WriteServiceCurveCSV(w, &f) }); err != nil {
					return err
				}
				if err := files.Write(out+".png", func(w io.Writer) error { return chart.DrawServiceCurve(w, &f, "png") }); err != nil {
					return err
				}
			}
			return report.WriteServiceCurveText(a.stdout, &f)
		},
	}
	c.Flags().StringVar(&f.Servers, "servers", loopback.Emulated, "emulated or apache")
	c.Flags().IntVar(&f.CPUs, "cpus", 1, "processors")
	c.Flags().Float64Var(&f.Speed, "speed", 0.5, "of a processor, in cores")
	c.Flags().IntVar(&f.Workers, "workers", 32, "of the server")
	c.Flags().IntVar(&f.Backlog, "backlog", 128, "of the server")
	c.Flags().StringSliceVar(&mixes, "requests", []string{"0.02", "0.01+0.01"}, "what requests demand: CPU, or CPU+IO (s)")
	c.Flags().StringSliceVar(&numbers, "concurrency", []string{"1", "2", "4", "8", "12", "16", "24", "32", "40", "48"}, "requests at a time")
	c.Flags().Float64Var(&f.Seconds, "seconds", 5, "measured a point, at least")
	c.Flags().DurationVar(&period, "period", 0, "of Apache's quota of processor time (default 20ms, or what a small quota needs)")
	c.Flags().DurationVar(&timeout, "timeout", 40*time.Second, "of a request")
	c.Flags().StringVar(&out, "out", "", "writes NAME.csv and NAME.png")
	return c
}

// curveConfig reads the flags, and reports all that is wrong with them.
func curveConfig(f *figure.ServiceCurve, mixes, numbers []string, period, timeout time.Duration) (cfg servicecurve.Config, err error) {
	cfg = servicecurve.Config{Seconds: f.Seconds, Timeout: timeout, Apache: f.Servers == loopback.Apache}
	if !cfg.Apache && f.Servers != loopback.Emulated {
		return cfg, invalid.Errorf("--servers %q: must be %s or %s", f.Servers, loopback.Emulated, loopback.Apache)
	}
	if !(f.Seconds > 0 && f.Seconds <= 3600) || timeout <= 0 || timeout > time.Hour {
		return cfg, invalid.Errorf("--seconds %g, --timeout %s: must be positive, and an hour at most", f.Seconds, timeout)
	}
	for _, text := range mixes {
		cpu, io, two := strings.Cut(text, "+")
		m := [2]float64{}
		m[0], err = strconv.ParseFloat(cpu, 64)
		if two && err == nil {
			m[1], err = strconv.ParseFloat(io, 64)
		}
		if err != nil || !(m[0] > 0 && m[0] <= 100) || !(m[1] >= 0 && m[1] <= 100) || two && m[1] == 0 {
			return cfg, invalid.Errorf("--requests %q: must be s of CPU, or of CPU + IO, in (0, 100], such as 0.01+0.01", text)
		}
		cfg.Mixes = append(cfg.Mixes, m)
	}
	for _, text := range numbers {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxConcurrency {
			return cfg, invalid.Errorf("--concurrency %q: must be a whole number in [1, %d]", text, maxConcurrency)
		}
		cfg.Concurrency = append(cfg.Concurrency, n)
	}
	cfg.Server = station.Config{
		Servers: []station.Server{{CPUs: f.CPUs, Speed: f.Speed}}, CPU: station.ProcessorSharing, Workers: f.Workers, Backlog: f.Backlog, Prefork: true,
	}
	if err := cfg.Server.Validate(); err != nil {
		return cfg, invalid.Errorf("%w", err)
	}
	if cfg.Apache {
		whole := apache.Config{Config: cfg.Server, Period: period}.WithDefaults()
		cfg.Period, f.Period = whole.Period, whole.Period.Seconds()
		if err := whole.Validate(nil); err != nil {
			return cfg, invalid.Errorf("%w", err)
		}
		if err := apache.Check(); err != nil {
			return cfg, invalid.Errorf("--servers %s: %w", f.Servers, err)
		}
	}
	return cfg, nil
}
