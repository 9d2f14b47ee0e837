package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// finishingAnnotation is the name of the annotation of a command that finishes
// something when it is interrupted, and so does not end at once. Its value says what.
const finishingAnnotation = "finishing"

// finishing returns the annotation of a command that finishes what is said.
func finishing(what string) map[string]string { return map[string]string{finishingAnnotation: what} }

// signalsAnnotation is the name of the annotation of a command that decides itself what
// signals mean.
const signalsAnnotation = "signals"

// mostTaken is how many signals such a command may take before one is taken to mean that it
// does not end: SIGTERM, and SIGTERM again.
const mostTaken = 2

// take hands a signal to the command that runs, if that decides itself what signals mean,
// and says so.
func (a *app) take(s os.Signal) bool {
	if !a.takes.Load() {
		return false
	}
	if s != syscall.SIGHUP {
		if a.endings++; a.endings > mostTaken {
			return false
		}
	}
	select {
	case a.taken <- s:
	default: // it has enough of them to do
	}
	return true
}

// gracePeriod is how long a command that has nothing to finish may take to end by
// itself when it is interrupted, before the program ends without it.
const gracePeriod = 500 * time.Millisecond

// interruptions are the signals that interrupt a command. A terminal that closes
// is one, unless the program was told to outlive it (nohup).
func interruptions() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// interruptible runs a command, and interrupts it by its context at the first
// signal; release then gives signals back their own effect, so that a second
// ends the program at once. A command that has something to finish is waited
// for, and stderr says so, where finishes says what; another, which may be in the
// middle of a long computation, is given up after gracePeriod. A signal that take has
// taken is none.
func interruptible(run func(context.Context) error, signals <-chan os.Signal, take func(os.Signal) bool, release func(), finishes func() string, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	for interrupted := false; !interrupted; {
		select {
		case err := <-done:
			return err
		case s := <-signals:
			interrupted = !take(s)
		}
	}
	release()
	cancel()
	if what := finishes(); what != "" {
		fmt.Fprintf(stderr, "fairlb: interrupted: %s; Ctrl-C again ends at once\n", what)
		return <-done
	}
	select {
	case err := <-done:
		return err
	case <-time.After(gracePeriod):
		return context.Canceled
	}
}
