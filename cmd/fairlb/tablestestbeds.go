package main

import (
	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/tables"
	"fairlb/results/published"
	"fairlb/results/report"
)

func (a *app) tablesTestbedsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "testbeds",
		Short: "Print the survey of testbeds with ours (Table 8)",
		Long: `Print Table 8 of the paper, its survey of the testbeds of related work, with the paper's
own testbeds and ours, which are counted in the scenarios that fairlb testbed run plays.`,
		Example: "  fairlb tables testbeds",
		Args:    checked(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			survey, err := published.Testbeds()
			if err != nil {
				return err
			}
			own, err := tables.OwnTestbeds()
			if err != nil {
				return err
			}
			return report.WriteTestbedsText(a.stdout, survey, own, []string{
				"-: the paper does not say. The remarks are not the paper's words; its own testbeds are of its Tables 9, 11 and 14 and section C.2.6.",
				"Ours are one machine: clients, load balancers, agents and servers (fairlb testbed run), at the rates of the fitted scenarios. Emulated servers sleep as long as the scenario's processors would work, so that more of them need no more cores, as long as the machine keeps up with their requests; Apache and PHP compute (--servers apache), and their processors must fit in three quarters of the cores: --scale 0.06 on two.",
			})
		},
	}
}
