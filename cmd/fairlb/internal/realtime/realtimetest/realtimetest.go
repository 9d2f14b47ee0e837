// Package realtimetest has a test binary be the load balancers of what its tests play in real
// time, which are processes of the program that plays.
package realtimetest

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"fairlb/cmd/fairlb/internal/balancerprocess"
	"fairlb/cmd/fairlb/internal/progress"
)

// Main runs the tests of a test binary or, where its arguments are lb FILE, is fairlb lb
// FILE until that ends; what goes wrong with that is written to stderr. It returns the exit
// code.
func Main(m *testing.M, args []string, stderr io.Writer) int {
	if len(args) != 3 || args[1] != "lb" {
		return m.Run()
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM)
	err := balancerprocess.Run(context.Background(), balancerprocess.Config{File: args[2], Signals: signals, Stdout: io.Discard, Logger: progress.Silent()})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
