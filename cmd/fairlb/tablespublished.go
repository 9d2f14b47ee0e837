package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"fairlb/eval/paper"
	"fairlb/results/report"
)

func (a *app) tablesPublishedCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "published [NUMBER...]",
		Short: "Count the published values that differ significantly from SED's",
		Long: `Count the published values of tables, all by default, that differ significantly from
SED's in the same column, by table and method, as Markdown. That is by Welch's t-test,
two-sided at 5 %, if each printed mean and deviation is of 10 runs, as the paper says of
Table 16; of the others it is assumed. Nothing is run.`,
		Example: "  fairlb tables published 11 16",
		RunE: func(_ *cobra.Command, numbers []string) error {
			if len(numbers) == 0 {
				for _, number := range paper.Numbers() {
					numbers = append(numbers, strconv.Itoa(number))
				}
			}
			list, err := namedTables(numbers)
			if err != nil {
				return err
			}
			var all []paper.PublishedDifferences
			for _, t := range list {
				counts, err := paper.CountPublishedDifferences(t.Number)
				if err != nil {
					return err
				}
				all = append(all, counts...)
			}
			return report.WritePublishedDifferences(a.stdout, all)
		},
	}
}
