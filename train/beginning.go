package train

import (
	"fmt"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
)

// BeginningName is the name of the file in a run's folder that the run began at: a copy of
// the checkpoint that Hyperparameters.From names.
const BeginningName = "from.safetensors"

// Beginning is the checkpoint whose policy a run begins with.
type Beginning struct {
	Path string
	Meta checkpoint.Meta

	parameters []agents.Parameter
	trained    Hyperparameters // of the checkpoint
}

// LoadBeginning reads a checkpoint that a run is to begin at.
func LoadBeginning(path string) (*Beginning, error) {
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	trained, err := LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return nil, err
	}
	return &Beginning{Path: path, Meta: meta, parameters: parameters, trained: trained}, nil
}

// Check reports why a run of the given settings, in environments of the given spec,
// cannot begin at the checkpoint, and what it can but has to bridge
// (methods.CheckBeginning). The error names the file.
func (b *Beginning) Check(h *Hyperparameters, spec env.Spec) (doubts []string, err error) {
	if h.From != b.Meta.ContentSHA256 {
		return nil, fmt.Errorf("%s: %w", b.Path, checkpoint.Mismatch([]string{fmt.Sprintf("has the SHA-256 %.12s...; the run begins at one of %.12s...", b.Meta.ContentSHA256, h.From)}))
	}
	doubts, err = methods.CheckBeginning(b.Meta, b.trained.Methods, h.Method, h.Methods, spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Path, err)
	}
	return doubts, nil
}

// begin gives a new learner, for environments of the given spec, the policy that the run
// begins with.
func (c *Config) begin(learner agents.Learner, spec env.Spec) error {
	switch from := c.Hyperparameters.From; {
	case c.Beginning == nil && from == "":
		return nil
	case c.Beginning == nil:
		return fmt.Errorf("from = %s: the checkpoint is not given", from)
	}
	doubts, err := c.Beginning.Check(&c.Hyperparameters, spec)
	if err == nil {
		if err = learner.Begin(c.Beginning.parameters); err != nil {
			err = fmt.Errorf("%s: %w", c.Beginning.Path, err)
		}
	}
	if err != nil {
		return err
	}
	if c.State == nil {
		for _, doubt := range doubts {
			c.Log.Warnf("%s: %s; training has to bridge that", c.Beginning.Path, doubt)
		}
	}
	return nil
}
