package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/agents/onnx"
	"fairlb/cmd/fairlb/internal/agentprocess"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/train"
)

const onnxFormat = "onnx"

// exportSettings are the flags of the command.
type exportSettings struct {
	out, format string
	lb          int
}

func (a *app) exportCommand() *cobra.Command {
	var x exportSettings
	c := &cobra.Command{
		Use:   "export RUN",
		Short: "Write a run's policy as an ONNX model",
		Long: `Write the deterministic policy of a run's folder or checkpoint as an ONNX model (opset 17).
Its inputs obs_I are what load balancer I observes, float32 [batch, servers, features], not
normalised, in the order and the units that the model's metadata name; its outputs weights_I
are the weights, [batch, servers]. A policy that remembers, a recurrent one or one that
averages what it chooses (qmix.action_average), also has inputs state_I and outputs
next_state_I, [batch, values]: zeros as an episode begins, then what the step before put out.
--lb K writes load balancer K's policy alone.

The policy of method universal is a dispatch rule, one for any number of load balancers and
servers; RUN may also be universal, the one that ships. Its model takes [batch, servers,
features], which the metadata name, and gives weights and offsets [batch, servers]: a request
goes to the server of least (own requests + offset) / weight. --out NAME.csv writes its
coefficients instead, for rule.policy of fairlb lb. Of universal-carried there are
coefficients alone.`,
		Example: "  fairlb export runs/demo --out policy.onnx",
		Args:    checked(cobra.ExactArgs(1)),
		RunE:    func(_ *cobra.Command, args []string) error { return a.export(args[0], x) },
	}
	c.Flags().StringVar(&x.format, "format", onnxFormat, onnxFormat+", the only one")
	c.Flags().StringVar(&x.out, "out", "policy.onnx", "the model's file")
	c.Flags().IntVar(&x.lb, "lb", -1, "the load balancer, from 0; -1 for all in one model")
	return c
}

// export writes a model or coefficients.
func (a *app) export(run string, x exportSettings) error {
	if x.format != onnxFormat {
		return invalid.Errorf("--format %q: must be %s", x.format, onnxFormat)
	}
	var content []byte
	var err error
	switch ending := filepath.Ext(x.out); {
	case ending == ".csv":
		content, err = coefficients(run, x)
	case ending != ".onnx":
		return invalid.Errorf("--out %q: must end in .onnx, or in .csv for the coefficients of a rule", x.out)
	default:
		content, err = model(run, x)
	}
	if err != nil {
		return err
	}
	if err := files.WriteBytes(x.out, content); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	a.log.WithField("file", x.out).Info("exported")
	return nil
}

// coefficients returns the coefficients of a rule, as a file.
func coefficients(run string, x exportSettings) ([]byte, error) {
	if err := files.CheckOutput("--out", x.out, target.CheckpointPath(run)); err != nil {
		return nil, err
	}
	rule, err := agentprocess.LoadRule(run)
	if err != nil {
		return nil, err
	}
	if rule == nil {
		return nil, invalid.Errorf("--out %q: %s is no dispatch rule, which alone has coefficients; must end in .onnx", x.out, run)
	}
	return []byte(rule.Text()), nil
}

// model returns the ONNX model of a run's policy, or of the rule that ships.
func model(run string, x exportSettings) ([]byte, error) {
	if run == dispatch.UniversalName && x.lb < 0 {
		return onnx.RuleModel(checkpoint.Meta{Method: run, Scenario: scenario.Random(scenario.RandomPools, 1)}, dispatch.ShippedPolicy(false))
	}
	if run == dispatch.UniversalCarriedName {
		return onnx.RuleModel(checkpoint.Meta{Method: run}, dispatch.ShippedPolicy(true))
	}
	path := target.CheckpointPath(run)
	if err := files.CheckOutput("--out", x.out, path); err != nil {
		return nil, err
	}
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	hyperparameters, err := train.LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return nil, err
	}
	if m, err := methods.Find(meta.Method); err == nil && m.Rule && x.lb >= 0 {
		return nil, invalid.Errorf("--lb %d: a dispatch rule is the same for all load balancers", x.lb)
	}
	if x.lb < -1 || x.lb >= meta.Fingerprint.Agents {
		return nil, invalid.Errorf("--lb %d: must be in [-1, %d]", x.lb, meta.Fingerprint.Agents-1)
	}
	lbs := []int{x.lb}
	if x.lb < 0 {
		lbs = lbs[:0]
		for i := range meta.Fingerprint.Agents {
			lbs = append(lbs, i)
		}
	}
	if err := bounds.Policy(meta.Method, hyperparameters.Methods, meta.Fingerprint.Spec()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	content, err := methods.Export(meta, hyperparameters.Methods, parameters, lbs...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}
