package main

import (
	"github.com/spf13/cobra"

	"fairlb/env/testbed/probing"
)

// figuresRespondCommand is the process whose features figure 11 reads. The program starts it;
// nobody else has a use for it.
func (a *app) figuresRespondCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "respond",
		Short:  "Publish features and answer probes, as the process that is on the standard input says",
		Hidden: true,
		Args:   checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return probing.Respond(c.Context(), c.InOrStdin(), a.stdout)
		},
	}
}
