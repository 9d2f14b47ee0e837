package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fairlb/agents/nn/simd"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/message"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/settings"
	"fairlb/results/record"
)

func main() {
	signals := make(chan os.Signal, signalRoom)
	signal.Notify(signals, interruptions()...)
	app := newApp(os.Args[1:], os.Stdout, os.Stderr)
	err := interruptible(app.run, signals, app.take, func() { signal.Stop(signals) }, app.finishing, os.Stderr)
	code := exitCode(err)
	switch {
	case code == exitInterrupted:
		fmt.Fprintln(os.Stderr, "fairlb: interrupted")
	case err != nil:
		fmt.Fprintf(os.Stderr, "fairlb: %s\n", message.Of(err))
	}
	os.Exit(code)
}

// run executes one command line. Results go to stdout, all else to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return newApp(args, stdout, stderr).run(ctx)
}

// run executes the command line.
func (a *app) run(ctx context.Context) error {
	version := false
	root := &cobra.Command{
		Use:           "fairlb",
		Short:         "Train and run load-balancing agents that learn a server's true capacity",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, args []string) error {
			if version {
				return a.printVersion()
			}
			return needsCommand(c, args)
		},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			a.finishes.Store(c.Annotations[finishingAnnotation])
			a.takes.Store(c.Annotations[signalsAnnotation] != "")
			if err := checkGiven(c); err != nil {
				return err
			}
			if err := simd.CheckEnvironment(); err != nil {
				return invalid.Errorf("%v", err)
			}
			if err := bounds.CheckEnvironment(); err != nil {
				return invalid.Errorf("%w", err)
			}
			return nil
		},
	}
	root.AddCommand(a.scenariosCommand(), a.trainCommand(), a.evalCommand(), a.tablesCommand(), a.figuresCommand(), a.plotCommand(), a.studyCommand(), a.traceCommand(), a.theoryCommand(), a.fitCommand(), a.growthCommand(), a.poolsCommand(), a.affinityCommand(), a.complaintsCommand(), a.agentCommand(), a.lendCommand(), a.lbCommand(), a.testbedCommand())
	root.AddCommand(a.runsCommand(), a.exportCommand(), a.watchCommand(), a.schemaCommand(), a.workerCommand())
	root.Flags().BoolVar(&version, "version", false, "print the program's commit and build, and end")
	root.SetHelpCommand(helpCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(a.args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	fitHelp(root)
	err := root.ExecuteContext(ctx)
	a.noteWidth()
	if failed := a.stdout.err; err == nil && failed != nil {
		err = fmt.Errorf("the standard output does not have all of the result: %w", failed)
	}
	return err
}

// printVersion names the commit that the program was built from and the build, as
// records do, and what it was built with and for.
func (a *app) printVersion() error {
	_, err := fmt.Fprintf(a.stdout, "fairlb commit %s, build %s, %s %s/%s\n", record.Commit(), record.Build(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
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
				return unknownCommand(c.Root(), strings.Join(args, " "))
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

// mayBeEmpty are the flags of which an empty text means something.
var mayBeEmpty = []string{"compare"}

// checkGiven refuses a flag that is given without a text, as a variable of a shell
// that is not set gives it: the command would do what it does without the flag.
func checkGiven(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && f.Value.String() == "" && !slices.Contains(mayBeEmpty, f.Name) {
			err = invalid.Errorf("--%s: is empty: give it a value, or leave it out", f.Name)
		}
	})
	return err
}

// app is what all commands share.
type app struct {
	args     []string // the command line, without the program's name
	stdout   *measured
	stderr   io.Writer
	log      *logrus.Logger
	progress progress.Display
	finishes atomic.Value // of string: the annotation of the command that runs

	takes   atomic.Bool    // the command that runs decides itself what signals mean
	taken   chan os.Signal // for it
	endings int            // of them, those that are to end it; of the goroutine of main
}

// signalRoom is how many signals may wait to be heard.
const signalRoom = 16

// finishing returns what the command finishes when it is interrupted; empty
// where that is nothing.
func (a *app) finishing() string {
	what, _ := a.finishes.Load().(string)
	return what
}

func newApp(args []string, stdout, stderr io.Writer) *app {
	log := logrus.New()
	log.SetOutput(stderr)
	log.AddHook(message.Hook{})
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true, DisableColors: !coloured()})
	a := &app{args: args, stdout: &measured{Writer: stdout}, stderr: stderr, log: log, progress: progress.Lines{Log: log}, taken: make(chan os.Signal, signalRoom)}
	if drawable(stderr) {
		screen := progress.NewScreen(stderr)
		log.SetOutput(screen)
		log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true, DisableColors: !coloured(), ForceColors: coloured()})
		a.progress = progress.Terminal{Screen: screen, Columns: columnsOf(stderr)}
	}
	return a
}

// unknownCommand says that a command has none of that name below it, and which
// may be meant.
func unknownCommand(c *cobra.Command, name string) error {
	var names []string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	meant := ""
	if near := settings.Nearest(name, names); near != "" {
		meant = fmt.Sprintf("did you mean %q? ", near)
	}
	return invalid.Errorf("unknown command %q for %q (%ssee %s --help)", name, c.CommandPath(), meant, c.CommandPath())
}

// checked wraps cobra's check of the number of arguments, as a usage error.
func checked(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			if c.HasSubCommands() && len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return invalid.Errorf("%w (see %s --help)", err, c.CommandPath())
		}
		return nil
	}
}
