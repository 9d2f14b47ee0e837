package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"fairlb/agents/checkpoint"
	"fairlb/env/settings"
	"fairlb/env/workload"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // usage or invalid input
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	code := exitCode(err)
	switch {
	case code == exitInterrupted:
		fmt.Fprintln(os.Stderr, "fairlb: interrupted")
	case err != nil:
		fmt.Fprintf(os.Stderr, "fairlb: %v\n", err)
	}
	os.Exit(code)
}

// run executes one command line. Results go to stdout, all else to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	app := &app{stdout: stdout, stderr: stderr, log: newLogger(stderr)}
	root := &cobra.Command{
		Use:           "fairlb",
		Short:         "Train and run load-balancing agents that learn a server's true capacity",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          checked(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(app.scenariosCommand(), app.trainCommand(), app.evalCommand(), app.tablesCommand(), app.plotCommand(), app.traceCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%w (see %s --help)", err, c.CommandPath())
	})
	return root.ExecuteContext(ctx)
}

// app is what all commands share.
type app struct {
	stdout, stderr io.Writer
	log            *logrus.Logger
}

func newLogger(w io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
	return log
}

// interactive says whether progress would be seen by a person.
func (a *app) interactive() bool {
	f, ok := a.stderr.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// usageError is a command line or an input that the user must mend.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// exitCode classes an error: what the user gave is the user's to mend.
func exitCode(err error) int {
	var wrong usageError
	var trace *workload.TraceError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &wrong), settings.IsFault(err),
		errors.Is(err, checkpoint.ErrCorrupt), errors.Is(err, checkpoint.ErrMismatch),
		errors.As(err, &trace), errors.Is(err, fs.ErrNotExist):
		return exitUsage
	}
	return exitFailed
}

// checked wraps cobra's check of the number of arguments, as a usage error.
func checked(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage("%w (see %s --help)", err, c.CommandPath())
		}
		return nil
	}
}
