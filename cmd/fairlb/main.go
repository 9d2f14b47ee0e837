package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"fairlb/agents/nn/simd"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/progress"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once what cannot be interrupted
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
	app := newApp(args, stdout, stderr)
	root := &cobra.Command{
		Use:           "fairlb",
		Short:         "Train and run load-balancing agents that learn a server's true capacity",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          checked(cobra.NoArgs),
		RunE:          needsCommand,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if err := simd.CheckEnvironment(); err != nil {
				return invalid.Errorf("%v", err)
			}
			if err := bounds.CheckEnvironment(); err != nil {
				return invalid.Errorf("%w", err)
			}
			return nil
		},
	}
	root.AddCommand(app.scenariosCommand(), app.trainCommand(), app.evalCommand(), app.tablesCommand(), app.figuresCommand(), app.plotCommand(), app.studyCommand(), app.traceCommand(), app.theoryCommand(), app.fitCommand(), app.growthCommand())
	root.AddCommand(app.runsCommand(), app.exportCommand(), app.schemaCommand(), app.workerCommand())
	root.SetHelpCommand(helpCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(flagError)
	return root.ExecuteContext(ctx)
}

// needsCommand runs a command that does nothing but by those below it: its help
// is no result here, and goes to stderr.
func needsCommand(c *cobra.Command, _ []string) error {
	c.SetOut(c.ErrOrStderr())
	if err := c.Help(); err != nil {
		return err
	}
	return invalid.Errorf("a command is missing behind %q", c.CommandPath())
}

// helpCommand is cobra's, but for a command that there is not, which is an
// error here.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return invalid.Errorf("unknown command %q for %q (see fairlb --help)", strings.Join(args, " "), "fairlb")
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// flagError says what a flag's value must be, where Go's own words would name
// the function that could not read it.
func flagError(c *cobra.Command, err error) error {
	text := err.Error()
	var number *strconv.NumError
	if errors.As(err, &number) {
		rule := "must be a finite number"
		switch number.Func {
		case "ParseUint":
			rule = "must be a whole number from 0 to 2^64-1"
		case "ParseInt":
			rule = "must be a whole number"
		}
		text = strings.Replace(text, number.Error(), rule, 1)
	}
	return invalid.Errorf("%s (see %s --help)", text, c.CommandPath())
}

// app is what all commands share.
type app struct {
	args           []string // the command line, without the program's name
	stdout, stderr io.Writer
	log            *logrus.Logger
	progress       progress.Display
}

func newApp(args []string, stdout, stderr io.Writer) *app {
	log := logrus.New()
	log.SetOutput(stderr)
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
	a := &app{args: args, stdout: stdout, stderr: stderr, log: log, progress: progress.None{}}
	if isTerminal(stderr) {
		a.progress = progress.Terminal{Out: stderr}
	}
	return a
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// checked wraps cobra's check of the number of arguments, as a usage error.
func checked(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return invalid.Errorf("%w (see %s --help)", err, c.CommandPath())
		}
		return nil
	}
}
