package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/train"
)

const onnxFormat = "onnx"

func (a *app) exportCommand() *cobra.Command {
	var out, format string
	var lb int
	c := &cobra.Command{
		Use:   "export RUN",
		Short: "Write a run's policy as an ONNX model",
		Long: `Write the deterministic policy of a run's folder or checkpoint as an ONNX model (opset 17).
Its inputs obs_I are what load balancer I observes, float32 [batch, servers, features], not
normalised, in the order and the units that the model's metadata name; its outputs weights_I
are the weights, [batch, servers]. A recurrent policy also has inputs state_I and outputs
next_state_I, [batch, values]: zeros as an episode begins, then what the step before put out.
--lb K writes load balancer K's policy alone.

The policy of method universal is a dispatch rule, one for any number of load balancers and
servers. Its model takes features [batch, servers, 30], which the metadata name, and gives
weights and offsets [batch, servers]: a request goes to the server of least (own requests +
offset) / weight. --out NAME.csv writes its coefficients instead, for rule.policy of fairlb lb.`,
		Example: "  fairlb export runs/demo --out policy.onnx",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if format != onnxFormat {
				return invalid.Errorf("--format %q: must be %s", format, onnxFormat)
			}
			coefficients := filepath.Ext(out) == ".csv"
			if filepath.Ext(out) != ".onnx" && !coefficients {
				return invalid.Errorf("--out %q: must end in .onnx, or in .csv for the coefficients of a rule", out)
			}
			path := target.CheckpointPath(args[0])
			if err := files.CheckOutput("--out", out, path); err != nil {
				return err
			}
			meta, parameters, err := checkpoint.Load(path)
			if err != nil {
				return err
			}
			hyperparameters, err := train.LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
			if err != nil {
				return err
			}
			method, err := methods.Find(meta.Method)
			if err != nil {
				return fmt.Errorf("%s: method %q: %w", path, meta.Method, err)
			}
			switch {
			case coefficients && !method.Rule:
				return invalid.Errorf("--out %q: %s is no dispatch rule, which alone has coefficients; must end in .onnx", out, meta.Method)
			case coefficients:
				policy, err := methods.RulePolicy(meta, hyperparameters.Methods, parameters)
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				if err := files.WriteBytes(out, []byte(policy.Text())); err != nil {
					return fmt.Errorf("--out: %w", err)
				}
				a.log.WithField("file", out).Info("exported")
				return nil
			case method.Rule && lb >= 0:
				return invalid.Errorf("--lb %d: a dispatch rule is the same for all load balancers", lb)
			}
			if lb < -1 || lb >= meta.Fingerprint.Agents {
				return invalid.Errorf("--lb %d: must be in [-1, %d]", lb, meta.Fingerprint.Agents-1)
			}
			lbs := []int{lb}
			if lb < 0 {
				lbs = lbs[:0]
				for i := range meta.Fingerprint.Agents {
					lbs = append(lbs, i)
				}
			}
			if err := bounds.Policy(meta.Method, hyperparameters.Methods, meta.Fingerprint.Spec()); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			model, err := methods.Export(meta, hyperparameters.Methods, parameters, lbs...)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := files.WriteBytes(out, model); err != nil {
				return fmt.Errorf("--out: %w", err)
			}
			a.log.WithField("file", out).Info("exported")
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", onnxFormat, onnxFormat+", the only one")
	c.Flags().StringVar(&out, "out", "policy.onnx", "the model's file")
	c.Flags().IntVar(&lb, "lb", -1, "the load balancer, from 0; -1 for all in one model")
	return c
}
