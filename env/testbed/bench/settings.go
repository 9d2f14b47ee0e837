//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// settings are what the command line says.
type settings struct {
	turns   int
	quick   bool
	out     string
	fairlb  []string // binaries
	skip    []string
	servers int
	rate    float64
	cores   [2]int // of the balancers, of servers and clients; -1: not said
}

// skippable are the names that -skip takes: balancers, works and the Go benchmarks.
var skippable = []string{"haproxy", "haproxy-splice", "envoy", "fairlb", openWork, closedWork, largeWork, goBenchmarks}

const goBenchmarks = "go"

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{cores: [2]int{-1, -1}}
	var fairlb, skip, cores string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.turns, "turns", 7, "turns; in each, every balancer does every work once")
	flags.BoolVar(&s.quick, "quick", false, "one short turn, to see that all works; its figures mean nothing")
	flags.StringVar(&s.out, "out", "runs/bench-live", "folder of results, of logs and of what is fetched")
	flags.StringVar(&fairlb, "fairlb", "", "binaries of fairlb to measure, separated by commas; empty: build this one")
	flags.StringVar(&skip, "skip", "", "what to leave out, separated by commas: "+strings.Join(skippable, ", "))
	flags.IntVar(&s.servers, "servers", 8, "servers behind the balancers")
	flags.Float64Var(&s.rate, "rate", 0, "open loop: connections a second; 0: half of what the slowest balancer can do")
	flags.StringVar(&cores, "cores", "", "the balancers' core and that of servers and clients, such as 0,1; empty: the first two")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.quick {
		s.turns = 1
	}
	s.fairlb, s.skip = list(fairlb), list(skip)
	faults := []error{}
	if cores != "" {
		if _, err := fmt.Sscanf(cores, "%d,%d", &s.cores[0], &s.cores[1]); err != nil || s.cores[0] < 0 || s.cores[1] < 0 {
			faults = append(faults, fmt.Errorf("bench: -cores %q: want two numbers such as 0,1", cores))
		}
	}
	for _, name := range s.skip {
		if !slices.Contains(skippable, name) {
			faults = append(faults, fmt.Errorf("bench: -skip %q: want some of %s", name, strings.Join(skippable, ", ")))
		}
	}
	if s.turns < 1 {
		faults = append(faults, fmt.Errorf("bench: -turns %d: want at least 1", s.turns))
	}
	if s.servers < 1 || s.servers > 1000 {
		faults = append(faults, fmt.Errorf("bench: -servers %d: want 1 to 1000", s.servers))
	}
	if !(s.rate >= 0 && s.rate <= 1e6) {
		faults = append(faults, fmt.Errorf("bench: -rate %v: want 0 to 1e6", s.rate))
	}
	if flags.NArg() > 0 {
		faults = append(faults, fmt.Errorf("bench: arguments %q: want none", flags.Args()))
	}
	return s, errors.Join(faults...)
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// skips says whether something is to be left out.
func (s settings) skips(name string) bool { return slices.Contains(s.skip, name) }

// work is what clients do with a balancer.
type work struct {
	name        string
	response    int // bytes
	connections int
	clients     int  // at once
	open        bool // an open loop, at the rate of the settings
}

const (
	openWork   = "open"   // short connections, open loop
	closedWork = "closed" // short connections, closed loop: saturation
	largeWork  = "large"  // responses of 1 MB
)

// timeout of one connection.
const timeout = 10 * time.Second

// works returns what is measured.
func (s settings) works() []work {
	all := []work{
		{name: openWork, response: 37, connections: 15000, clients: 4000, open: true},
		{name: closedWork, response: 37, connections: 30000, clients: 64},
		{name: largeWork, response: 1e6, connections: 1500, clients: 8},
	}
	all = slices.DeleteFunc(all, func(w work) bool { return s.skips(w.name) })
	if s.quick {
		for k := range all {
			all[k].connections /= 50
		}
	}
	return all
}
