package main

import (
	"io"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/agentprocess"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/linelog"
	"fairlb/env/dispatch"
)

func (a *app) agentCommand() *cobra.Command {
	var planes, servers []string
	var logPath string
	guarded := true
	cfg := agentprocess.Config{}
	c := &cobra.Command{
		Use:         "agent [POLICY] --plane PLANE",
		Annotations: finishing("giving the planes back"),
		Short:       "Steer live load balancers: read what they see, write the servers' weights",
		Long: `Steer live load balancers. Each interval the agent reads what a load balancer has
seen of its servers, decides on weights, writes them and gives a sign of life.

POLICY is self-tuning (the default, which needs no training, takes any number of
servers and is told nothing of them), universal (the same with learned
coefficients), a checkpoint, or a training run's folder. A policy of a
checkpoint, but for one of method universal, acts under a guard: it is held to a least weight and to slow changes, and
self-tuning SED takes its place while the plane tells nothing new, when the policy
fails, or when flows take longer under it, and gives it back after a time. With
--shadow nothing is written: the log says what the weights would have done.

PLANE is one of

  haproxy:SOCKET?backend=NAME&log=ADDRESS   a backend of HAProxy, by its runtime
                                            socket and the log that it sends
  shm:PATH, v1:PATH                         a region of shared memory, of fairlb's
                                            layout or of the published plugin's
  remote:ADDRESS?key=FILE                   one that another machine lends (fairlb lend)
  FILE                                      the load balancer of a settings file
                                            that has shared memory

Several planes are several load balancers of one pool. A plane that is not there, or
goes, is waited for. SIGTERM ends the agent; HAProxy then has its first weights back.`,
		Example: "  fairlb agent --plane 'haproxy:/run/haproxy/admin.sock?backend=web&log=udp:127.0.0.1:5514'\n  fairlb agent runs/mine --plane shm:/dev/shm/fairlb-web --shadow --log -",
		Args:    checked(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			cfg.Logger = a.log
			if guarded {
				cfg.Guard = agentprocess.GuardConfig
			}
			if err := openPlanes(a, &cfg, planes); err != nil {
				return err
			}
			name := agentprocess.SelfTuning
			if len(args) == 1 {
				name = args[0]
			}
			rule, err := agentprocess.LoadRule(name)
			switch {
			case err != nil:
				return err
			case rule != nil && rule.Carried:
				return invalid.Errorf("%s: %s decides on each request by what servers tell, and an agent hears nothing of that: it is a rule of fairlb lb", name, dispatch.UniversalCarriedName)
			case rule != nil || name == agentprocess.SelfTuning:
				cfg.Rule = rule
				if servers != nil {
					return invalid.Errorf("--servers: %s takes a plane's servers as they are", name)
				}
			default:
				if cfg.Policy, err = agentprocess.LoadPolicy(name, servers); err != nil {
					return err
				}
			}
			out, err := decisionLog(a, logPath)
			if err != nil {
				return err
			}
			if out != nil {
				defer out.Close()
				cfg.Log = out
			}
			return agentprocess.Run(c.Context(), cfg)
		},
	}
	c.Flags().StringArrayVar(&planes, "plane", nil, "a load balancer to steer (required, repeatable)")
	c.Flags().IntVar(&cfg.LB, "lb", 0, "which of the policy's load balancers the first plane is, from 0")
	c.Flags().StringSliceVar(&servers, "servers", nil, "the plane's servers in the order of the policy's; without it, by their names")
	c.Flags().Float64Var(&cfg.Interval, "interval", 0, "s between two actions (default: the policy's own, 0.25 for self-tuning and universal)")
	c.Flags().BoolVar(&cfg.Shadow, "shadow", false, "decide and tell, but write nothing")
	c.Flags().BoolVar(&guarded, "guard", true, "let self-tuning SED take the place of a policy that does harm; false to measure a policy alone")
	c.Flags().StringVar(&cfg.Listen, "listen", "", "HOST:PORT, loopback, of /metrics, /healthz and /readyz")
	c.Flags().StringVar(&logPath, "log", "", "the file that decisions are added to, one JSON object a line; - for stdout")
	c.Flags().Uint64Var(&cfg.Seed, "seed", 1, "of the guard's comparisons and of a policy that draws")
	return c
}

// openPlanes reads what each --plane names.
func openPlanes(a *app, cfg *agentprocess.Config, planes []string) error {
	for _, text := range planes {
		source, err := agentprocess.ParseSource(text, a.log)
		if err != nil {
			return err
		}
		cfg.Planes = append(cfg.Planes, source)
	}
	return nil
}

// decisionLog opens the log of decisions; nil without one.
func decisionLog(a *app, path string) (io.WriteCloser, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return linelog.Shared(a.stdout), nil
	}
	f, err := linelog.Open(path)
	if err != nil {
		return nil, invalid.Errorf("--log: %w", err)
	}
	return f, nil
}
