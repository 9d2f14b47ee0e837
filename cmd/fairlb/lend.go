package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/agentprocess"
	"fairlb/cmd/fairlb/internal/invalid"
)

func (a *app) lendCommand() *cobra.Command {
	var plane, key string
	var cfg agentprocess.LendConfig
	c := &cobra.Command{
		Use:         "lend --plane PLANE --listen ADDRESS --key FILE",
		Annotations: finishing("hanging up"),
		Short:       "Lend a load balancer to an agent or a trainer on another machine",
		Long: `Lend a load balancer, which this machine steers by shared memory or a socket, to an
agent or a trainer on another machine, which has it as

  fairlb agent --plane 'remote:ADDRESS?key=FILE'

Both have a key, a file of 16 bytes or more that is its owner's alone. By it they know
each other and that nothing was changed on the way; what is said is not encrypted. Who
connects last has the load balancer. PLANE is one of fairlb agent; ADDRESS is HOST:PORT
or unix:PATH.`,
		Example: "  head -c 32 /dev/urandom | base64 > key && chmod 600 key\n  fairlb lend --plane shm:/dev/shm/fairlb-web --listen 127.0.0.1:7300 --key key",
		Args:    checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if plane == "" || cfg.Listen == "" || key == "" {
				return invalid.Errorf("--plane, --listen and --key: all three must be given")
			}
			cfg.Logger = a.log
			var err error
			if cfg.Plane, err = agentprocess.ParseSource(plane, a.log); err != nil {
				return err
			}
			if cfg.Key, err = agentprocess.ReadKey(key); err != nil {
				return fmt.Errorf("--key: %w", err)
			}
			return agentprocess.Lend(c.Context(), cfg)
		},
	}
	c.Flags().StringVar(&plane, "plane", "", "the load balancer that is lent (required)")
	c.Flags().StringVar(&cfg.Listen, "listen", "", "HOST:PORT or unix:PATH (required)")
	c.Flags().StringVar(&key, "key", "", "the file of the key (required)")
	c.Flags().BoolVar(&cfg.Public, "public", false, "allow an address that other machines reach")
	return c
}
