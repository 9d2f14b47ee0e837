package main

import (
	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/text"
)

func (a *app) scenariosCommand() *cobra.Command {
	list := &cobra.Command{
		Use:   "scenarios",
		Short: "List the built-in scenarios, or show one as YAML",
		Args:  checked(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			table := text.NewTable()
			for _, e := range scenario.List() {
				table.Row(e.Name, e.Summary)
			}
			return table.Write(a.stdout)
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
				return invalid.Errorf("%w", err)
			}
			yaml, err := settings.Marshal(s)
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(yaml)
			return err
		},
	}
	show.Flags().StringArrayVar(&set, "set", nil, "path=value, put into the scenario (repeatable)")
	list.AddCommand(show)
	return list
}
