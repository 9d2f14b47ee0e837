package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"fairlb/env/scenario"
	"fairlb/env/settings"
)

func (a *app) scenariosCommand() *cobra.Command {
	list := &cobra.Command{
		Use:   "scenarios",
		Short: "List the built-in scenarios, or show one as YAML",
		Args:  checked(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
			for _, e := range scenario.List() {
				fmt.Fprintf(w, "%s\t%s\n", e.Name, e.Summary)
			}
			return w.Flush()
		},
	}
	var set []string
	show := &cobra.Command{
		Use:   "show NAME",
		Short: "Print a scenario as YAML, ready to copy and change",
		Args:  checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := scenario.Load(args[0], set)
			if err != nil {
				return usage("%w", err)
			}
			text, err := settings.Marshal(s)
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	show.Flags().StringArrayVar(&set, "set", nil, "path=value, put into the scenario (repeatable)")
	list.AddCommand(show)
	return list
}
