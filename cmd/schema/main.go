// Command schema writes the JSON schemas of package train/schema anew, from the
// structs of settings files, their rules and the comments in their source. Run
// it in the module's folder, by make schema.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/env/testbed/plane"
	"fairlb/eval/study"
	"fairlb/train"
	"fairlb/train/schema"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "schema: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	for _, name := range schema.Names() {
		text, err := generate(os.DirFS("."), name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join("train", "schema", name+".json"), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the schema of a kind of file; root is the module's folder.
func generate(root fs.FS, name string) ([]byte, error) {
	docs := newComments(root)
	switch name {
	case "hyperparameters":
		return settings.Schema("fairlb: hyperparameters of a training run", train.DefaultHyperparameters(), docs)
	case "lb":
		return settings.Schema("fairlb: a load balancer (fairlb lb)", plane.Default(), docs)
	case "scenario":
		return settings.Schema("fairlb: a simulated environment", scenario.Default(), docs)
	case "study":
		return settings.Schema("fairlb: a study of methods", study.Default(), docs)
	}
	return nil, fmt.Errorf("%w %q", schema.ErrUnknown, name)
}
