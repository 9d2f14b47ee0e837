package main

import (
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/balancerprocess"
	"fairlb/cmd/fairlb/internal/linelog"
)

// messageRoom is how many messages wait for a reader of stderr that is slow.
const messageRoom = 1000

func (a *app) lbCommand() *cobra.Command {
	check := false
	c := &cobra.Command{
		Use:         "lb FILE",
		Annotations: map[string]string{signalsAnnotation: "yes"},
		Short:       "Balance TCP connections over servers, as a settings file says",
		Long: `Balance TCP connections over servers (layer 4), as a settings file says: fairlb
schema lb describes its fields, and these lines are enough:

  listen: [{address: "127.0.0.1:8080"}]
  servers:
    - address: 127.0.0.1:9001
    - address: 127.0.0.1:9002

Without more, servers are chosen by self-tuning SED, which is told nothing of them
and estimates what each can do; with rule.name weights and shared.layout v2, fairlb
agent decides. Only loopback addresses are listened at unless the file has
public: true.

SIGHUP reads the file again, and takes it over in full or, after any fault, not at
all; connections under way stay. It also opens the log of connections anew. SIGTERM
and Ctrl-C end the balancer: it says that it is not ready for drain.announce, while
it still accepts, then accepts no more and waits for drain.wait; a second signal cuts
what is left at once. Exit code 0 either way.

With admin.socket, curl --unix-socket PATH http://lb/ lists what can be asked and
changed there.`,
		Example: "  fairlb lb web.yaml --check\n  fairlb lb web.yaml",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if check {
				said, err := balancerprocess.Check(args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.stdout, said)
				return err
			}
			// A reader of stdout or stderr that goes must not end the balancer; and
			// SIGHUP is heard under nohup, too, whose ignoring it is not meant so.
			signal.Ignore(syscall.SIGPIPE)
			if signal.Ignored(syscall.SIGHUP) {
				signal.Notify(a.taken, syscall.SIGHUP)
				defer signal.Stop(a.taken)
			}
			lines := linelog.New("messages", a.log)
			lines.Take(linelog.Shared(a.log.Out))
			messages := linelog.NewQueue(lines, messageRoom)
			defer a.log.SetOutput(a.log.Out)
			a.log.SetOutput(messages)
			return balancerprocess.Run(c.Context(), balancerprocess.Config{
				File: args[0], Signals: a.taken, Stdout: a.stdout.Writer, Logger: a.log, Messages: messages,
			})
		},
	}
	c.Flags().BoolVar(&check, "check", false, "read the file, say whether it is valid, and end")
	return c
}
