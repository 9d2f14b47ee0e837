package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInterruptible: a command that has something to finish is waited for, and
// that is said once; one that looks at its context ends by itself; one that does
// not is given up.
func TestInterruptible(t *testing.T) {
	t.Parallel()
	interrupted := func(run func(context.Context) error, what string) (said string, released int, err error) {
		signals := make(chan os.Signal, 1)
		signals <- os.Interrupt
		var out bytes.Buffer
		err = interruptible(run, signals, func(os.Signal) bool { return false }, func() { released++ }, func() string { return what }, &out)
		return out.String(), released, err
	}
	saved := errors.New("saved")
	said, released, err := interrupted(func(ctx context.Context) error { <-ctx.Done(); return saved }, "finishing the round")
	require.ErrorIs(t, err, saved)
	require.Equal(t, "fairlb: interrupted: finishing the round; Ctrl-C again ends at once\n", said)
	require.Equal(t, 1, released, "a second signal has its own effect")

	said, _, err = interrupted(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "")
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, said)

	never := make(chan struct{})
	defer close(never)
	_, released, err = interrupted(func(context.Context) error { <-never; return nil }, "")
	require.Equal(t, exitInterrupted, exitCode(err))
	require.Equal(t, 1, released)

	err = interruptible(func(context.Context) error { return saved }, nil, nil, nil, nil, nil)
	require.ErrorIs(t, err, saved, "without a signal")
}

// TestTakenSignals: a command that decides itself what signals mean gets them, and is
// interrupted by the third that is to end it.
func TestTakenSignals(t *testing.T) {
	t.Parallel()
	app := newApp(nil, new(bytes.Buffer), new(bytes.Buffer))
	require.False(t, app.take(os.Interrupt), "no command runs that takes it")
	app.takes.Store(true)
	signals := make(chan os.Signal, signalRoom)
	all := []os.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGHUP, os.Interrupt, syscall.SIGHUP, syscall.SIGTERM}
	for _, s := range all {
		signals <- s
	}
	released := 0
	err := interruptible(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, signals, app.take, func() { released++ }, app.finishing, new(bytes.Buffer))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, released)
	close(app.taken)
	var got []os.Signal
	for s := range app.taken {
		got = append(got, s)
	}
	require.Equal(t, all[:5], got)
}

// TestInterruptions: a terminal that closes interrupts, but not under nohup.
func TestInterruptions(t *testing.T) {
	require.False(t, signal.Ignored(syscall.SIGHUP))
	require.Equal(t, []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, interruptions())
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	require.Equal(t, []os.Signal{os.Interrupt, syscall.SIGTERM}, interruptions())
}

// TestCommandsSayWhatTheyFinish: those that keep trainings do.
func TestCommandsSayWhatTheyFinish(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"train", "finishing the round"}, {"tables", "saving the trainings that run"}, {"study", "saving the trainings that run"},
		{"figures", "saving the trainings that run"}, {"worker", "giving the jobs back"}, {"scenarios", ""}, {"schema", ""},
	} {
		app := newApp([]string{test.args, "none"}, new(bytes.Buffer), new(bytes.Buffer))
		if test.args == "worker" || test.args == "scenarios" {
			app.args = app.args[:1]
		}
		_ = app.run(t.Context()) // each fails, but for the scenarios
		require.Equal(t, test.want, app.finishing(), test.args)
	}
}
