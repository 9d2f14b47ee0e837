//go:build linux

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"fairlb/env/file"
	"fairlb/env/testbed/bench/process"
	"fairlb/results/text"
)

// named is a balancer and what it calls its version.
type named struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// report is all that a run has found.
type report struct {
	Machine     process.Machine `json:"machine"`
	Balancers   []named         `json:"balancers"`
	Rate        float64         `json:"rate"`   // of the open loop, connections a second
	Others      float64         `json:"others"` // cores that other processes kept busy meanwhile
	Stolen      float64         `json:"stolen"` // cores that the hypervisor kept from this machine
	Warnings    []string        `json:"warnings"`
	Comparisons []comparison    `json:"comparisons"`
	Benchmarks  []benchmarked   `json:"go_benchmarks"`
	Samples     []sample        `json:"samples"`
}

func (r *report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

const (
	// quiet is how many cores others may keep busy in a measurement that counts.
	quiet = 0.05
	// saturated is which part of its core a balancer uses when it is what limits the rate.
	saturated = 0.95
	// idle is which part it may use for the open loop to be below saturation.
	idle = 0.8
)

// finish computes what follows from the samples.
func (r *report) finish() {
	var names []string
	for _, b := range r.Balancers {
		names = append(names, b.Name)
	}
	r.Comparisons = compareSamples(r.Samples, names)
	if r.Others > quiet || r.Stolen > quiet {
		r.warn("other processes kept %.2f cores busy and the hypervisor kept %.2f from this machine: run it on one that does nothing else", r.Others, r.Stolen)
	}
	for _, name := range names {
		failed, all := 0, 0
		busy := map[string][]float64{}
		for _, s := range r.Samples {
			if s.Balancer == name {
				failed, all = failed+s.Failed, all+s.Failed+s.Completed
				busy[s.Work] = append(busy[s.Work], s.CPU/s.Elapsed)
			}
		}
		if failed > 0 {
			r.warn("%s: %d of %d connections failed", name, failed, all)
		}
		if x := busy[closedWork]; len(x) > 0 && spreadOf(x).Median < saturated {
			r.warn("%s used %.0f %% of its core in the closed loop: servers and clients are what limited it", name, 100*spreadOf(x).Median)
		}
		if x := busy[openWork]; len(x) > 0 && spreadOf(x).Median > idle {
			r.warn("%s used %.0f %% of its core in the open loop: a lower -rate would tell more", name, 100*spreadOf(x).Median)
		}
	}
}

// write prints the report for people.
func (r *report) write(w io.Writer) error {
	r.finish()
	t := text.NewTable()
	t.Rowf("%s, %s, Linux %s, %s", r.Machine.Processor, text.Count(r.Machine.Cores, "core"), r.Machine.Kernel, r.Machine.Go)
	for _, b := range r.Balancers {
		t.Rowf("%s: %s", b.Name, b.Version)
	}
	if r.Rate > 0 {
		t.Rowf("open loop: %.0f connections a second; RATIO is fairlb's value divided by the line's, the median of the turns (least-most)", r.Rate)
	}
	t.Row()
	if len(r.Comparisons) > 0 {
		t.Row("QUANTITY", "UNIT", "BALANCER", "VALUE", "RATIO", "BAR", "MET")
	}
	previous := ""
	for _, c := range r.Comparisons {
		quantity, unit := c.Quantity, c.Unit
		if quantity == previous {
			quantity, unit = "", ""
		}
		previous = c.Quantity
		ratio := ""
		if c.Ratio != nil {
			ratio = fmt.Sprintf("%.2f (%.2f-%.2f)", c.Ratio.Median, c.Ratio.Least, c.Ratio.Most)
		}
		t.Row(quantity, unit, c.Balancer, c.Value.String(), ratio, c.Bar, c.Met)
	}
	if len(r.Benchmarks) > 0 {
		t.Row()
		t.Row("GO BENCHMARK", "UNIT", "VALUE", "BAR", "MET")
	}
	for _, b := range r.Benchmarks {
		t.Row(b.cells()...)
	}
	if len(r.Warnings) > 0 {
		t.Row()
	}
	for _, warning := range r.Warnings {
		t.Row("warning: " + warning)
	}
	return t.Write(w)
}

// save writes the report as JSON, and its samples as CSV, into a folder.
func (r *report) save(folder string) error {
	if err := file.Replace(filepath.Join(folder, "report.json"), 0o644, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}); err != nil {
		return err
	}
	return file.Replace(filepath.Join(folder, "samples.csv"), 0o644, func(w io.Writer) error {
		c := csv.NewWriter(w)
		_ = c.Write([]string{"turn", "balancer", "work", "cpu_s", "elapsed_s", "completed", "failed", "bytes", "p50_us", "p99_us"})
		for _, s := range r.Samples {
			_ = c.Write([]string{strconv.Itoa(s.Turn), s.Balancer, s.Work, text.Exact(s.CPU), text.Exact(s.Elapsed), strconv.Itoa(s.Completed),
				strconv.Itoa(s.Failed), strconv.FormatInt(s.Bytes, 10), text.Exact(s.P50), text.Exact(s.P99)})
		}
		c.Flush()
		return c.Error() // of any of the lines
	})
}

func (s spread) String() string {
	return fmt.Sprintf("%s (%s-%s)", digits(s.Median), digits(s.Least), digits(s.Most))
}

// digits writes a number with four digits, or all before the decimal point.
func digits(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}

func (b bar) String() string {
	if b.atLeast {
		return fmt.Sprintf(">= %.2f", b.ratio)
	}
	return fmt.Sprintf("<= %.2f", b.ratio)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
