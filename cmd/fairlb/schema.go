package main

import (
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/train/schema"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema NAME",
		Short: "Print the JSON schema of a kind of file: " + strings.Join(schema.Names(), ", "),
		Long: `Print the JSON schema (draft 2020-12) of a kind of settings file: what each of
its fields means, its type, default and values. An editor with a YAML language
server explains and completes a file that begins with the line

  # yaml-language-server: $schema=PATH

where PATH is that of the schema from the file's folder.`,
		Example: "  fairlb schema hyperparameters > runs/hyperparameters.json",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := schema.Get(args[0])
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
}
