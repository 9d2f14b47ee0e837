package sac

import (
	"errors"
	"fmt"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

// ErrConfig reports a configuration that breaks a rule.
var ErrConfig = errors.New("sac: invalid configuration")

// DiscreteLoss names how the discrete head learns.
type DiscreteLoss string

// The ways in which the discrete head learns.
const (
	Exact           DiscreteLoss = "exact"            // exact expectations over factored critics
	StraightThrough DiscreteLoss = "straight-through" // samples into critics of one Q per server
)

// Baseline names what is taken out of what the critics learn.
type Baseline string

// The kinds of baseline.
const (
	NoBaseline Baseline = "none"
	Advantage  Baseline = "advantage"  // networks of the state's value, and of the action's advantage over the mode
	Difference Baseline = "difference" // a linear value of the state, as a potential of the rewards
)

// Network names the kind of networks.
type Network string

// The kinds of networks.
const (
	Equivariant Network = "equivariant" // nn.ServerNet: feed-forward, weights shared over servers
	Recurrent   Network = "recurrent"   // nn.RecurrentNet: flat, with a GRU, learned on sequences
)

// Config holds every number of the learner. DefaultConfig gives the defaults
// named here; zero is a value like any other, and most fields refuse it.
type Config struct {
	// Head is the kind of policy: gaussian, a squashed Gaussian per server, or
	// discrete, a categorical over Levels per server. Default gaussian.
	Head policy.Head `yaml:"head"`
	// Network is the kind of actor and critics: equivariant, feed-forward networks
	// that share their weights over servers, or recurrent, flat networks with a
	// GRU. recurrent needs the gaussian head, uniform draws (Priority 0), NStep 1
	// and no Baseline. Default equivariant.
	Network Network `yaml:"network"`

	// Box bounds the log-weights of the gaussian head to [-Box, Box]. Default 1;
	// must be positive.
	Box float64 `yaml:"box"`
	// Sigma is the standard deviation of the gaussian head's log-weights before
	// they are squashed: at the start and, through the target entropy, on average.
	// Default 0.4.
	Sigma float64 `yaml:"sigma"`
	// FinalSigma is Sigma at the end of training, to which the target entropy falls by equal
	// ratios. Default 0, which stays at Sigma.
	FinalSigma float64 `yaml:"final_sigma,omitempty"`
	// Hold is the number of steps that the noise of exploration is held, so that what
	// weights do to queues shows. Default 0, which draws anew at each step; at most
	// 1 000 000.
	Hold int `yaml:"hold,omitempty"`
	// Paired has each workload played twice by opposite noise (the gaussian head's), and
	// makes rewards differences between the two trials: what the workload did to both is
	// no noise any more. Rounds must have an even number of episodes. Default false.
	Paired bool `yaml:"paired,omitempty"`
	// TeamReward has the critics of each LB learn the team's reward in place of the LB's
	// own. What an LB does goes on to depend on its own observations alone. Centr-LB earns
	// the team's in any case. Default false.
	TeamReward bool `yaml:"team_reward,omitempty"`
	// Levels are the log-weights that the discrete head chooses among, rising.
	// Default -0.8, -0.4, 0, 0.4, 0.8; at least two.
	Levels []float64 `yaml:"levels"`
	// EntropyShare is the discrete head's target entropy, as a part of the entropy
	// log K of the uniform choice among K levels. Default 0.6; in (0, 1).
	EntropyShare float64 `yaml:"entropy_share"`

	// Discrete is how the discrete head learns. exact takes expectations over
	// critics that are sums over servers, so that no server's value depends on the
	// level of another. straight-through draws levels, as the gaussian head draws
	// log-weights, and has critics like that head's. Centr-LB needs straight-
	// through. Default exact.
	Discrete DiscreteLoss `yaml:"discrete"`

	// Hidden is the width of the hidden layers, the recurrent one included.
	// Default 16; at most 4096.
	Hidden int `yaml:"hidden"`
	// Layers is the number of hidden layers. A recurrent network does not use it:
	// it has a recurrent layer and three dense ones. Default 2; at most 32.
	Layers int `yaml:"layers"`
	// Embedding is the length of the learned embedding of a server, in actor and
	// critics. A recurrent network has none. Default 4.
	Embedding int `yaml:"embedding"`
	// Window is the number of consecutive steps that a recurrent network learns
	// from at a time, and through which its gradients flow. Default 0, which takes
	// whole episodes; at most 100 000.
	Window int `yaml:"window"`
	// BurnIn is the number of steps before a window that a recurrent network runs
	// over, from the state that was stored when the episode was observed, to find
	// the state in which the window begins. It is 0 where Window is 0. Default 0;
	// at most 100 000.
	BurnIn int `yaml:"burn_in"`

	// Gamma is the discount per step. Default 0.9; in [0, 1).
	Gamma float64 `yaml:"gamma"`
	// NStep is the number of steps whose rewards a target sums before it
	// bootstraps. The rewards are those of the policies that acted, without
	// correction. A recurrent network takes 1. Default 1; at most 1000.
	NStep int `yaml:"n_step"`
	// Baseline is what is taken out of what the critics learn, without changing
	// which actions are best. advantage: each critic is the sum of a value of the
	// state and an advantage that is 0 at the policy's mode, networks of their
	// own; not for a discrete head that is exact, whose critics are split as they
	// are. difference: rewards become differences of a linear value of the state,
	// which is fitted in the first FeatureRounds rounds; the figures q_mean, q_sd
	// and action_share are of what is left. A recurrent network needs none.
	// Default none.
	Baseline Baseline `yaml:"baseline"`
	// AdvantageScale is what features count in the advantage's networks, where servers'
	// embeddings count 1 (Baseline, advantage): the smaller it is, the more slowly they learn
	// to tell states apart, and the less of the returns' noise they take for what a state says.
	// Default 0, which is 1.
	AdvantageScale float64 `yaml:"advantage_scale,omitempty"`
	// Smoothness is the weight, in the actor's loss, of the mean squared change of
	// the policy's mode between consecutive states. Default 1; 0 for none.
	Smoothness float64 `yaml:"smoothness"`

	// Batch is the number of transitions of an update, or of windows where the
	// network is recurrent. Default 128; at most 100 000.
	Batch int `yaml:"batch"`
	// Capacity is the number of episodes in the replay buffer. Default 400.
	Capacity int `yaml:"capacity"`
	// Priority is the exponent alpha of prioritised replay: transitions are drawn
	// in proportion to |TD error|^alpha, the mean over servers (Schaul et al.
	// 2016). Default 0, which draws uniformly; at most 1.
	Priority float64 `yaml:"priority"`
	// PriorityBeta is the exponent, at the start, of the weights that make up for
	// Priority in the critics' loss; it rises linearly to 1 over training. The
	// actor's loss has no weights. Default 0.4; in [0, 1]. Without Priority it
	// does nothing.
	PriorityBeta float64 `yaml:"priority_beta"`
	// CriticRounds is the number of first rounds (calls of Update) that train the
	// critics alone. Default 4; 0 trains both from the start.
	CriticRounds int `yaml:"critic_rounds"`
	// FeatureRounds is the number of first rounds in which the statistics that
	// normalise the features are taken from the episodes; after them they stay as
	// they are. Default 4; at least 1.
	FeatureRounds int `yaml:"feature_rounds"`

	// Rate is the learning rate of actor and critics at the start. Default 2e-3.
	Rate float64 `yaml:"rate"`
	// Schedule is the way in which Rate falls over training: constant, linear,
	// cosine or exponential. Default linear.
	Schedule nn.ScheduleKind `yaml:"schedule"`
	// FinalRate is the part of Rate that is left at the end of training. A
	// constant schedule does not use it. Default 0.1; in (0, 1].
	FinalRate float64 `yaml:"final_rate"`
	// Warmup is the first part of training, in which the learning rate rises
	// linearly from 0. Default 0; in [0, 1).
	Warmup float64 `yaml:"warmup"`
	// WeightDecay is the decay of AdamW: an update takes this part of the
	// parameters, times the learning rate, away. Default 0, which is Adam.
	WeightDecay float64 `yaml:"weight_decay"`
	// GradientNorm is the length to which longer gradients are cut. Default 10; 0
	// for no limit.
	GradientNorm float64 `yaml:"gradient_norm"`
	// Tau is the part by which the target critics move towards the critics at an
	// update. Default 0.03; in (0, 1].
	Tau float64 `yaml:"tau"`
	// Average is the part of the averaged actor, which is what is evaluated, that
	// is kept at an update; the rest is the present actor. Default 0.99; in [0,
	// 1). 0 evaluates the present actor.
	Average float64 `yaml:"average"`

	// Alpha is the temperature at the start, in units of the normalised reward per
	// nat of entropy. Default 0.02; in [AlphaMin, AlphaMax].
	Alpha float64 `yaml:"alpha"`
	// AlphaMin and AlphaMax bound the temperature. Defaults 1e-4 and 1; positive.
	AlphaMin float64 `yaml:"alpha_min"`
	AlphaMax float64 `yaml:"alpha_max"`
	// AlphaRate is the learning rate of the logarithm of the temperature. Default
	// 3e-3; 0 keeps the temperature at Alpha.
	AlphaRate float64 `yaml:"alpha_rate"`
}

// DefaultConfig returns the recipe that is known to learn.
func DefaultConfig() Config {
	return Config{
		Head: policy.Gaussian, Network: Equivariant, Box: 1, Sigma: 0.4,
		Levels: []float64{-0.8, -0.4, 0, 0.4, 0.8}, EntropyShare: 0.6, Discrete: Exact,
		Hidden: 16, Layers: 2, Embedding: 4,
		Gamma: 0.9, NStep: 1, Baseline: NoBaseline, Smoothness: 1,
		Batch: 128, Capacity: 400, PriorityBeta: 0.4, CriticRounds: 4, FeatureRounds: 4,
		Rate: 2e-3, Schedule: nn.LinearRate, FinalRate: 0.1, GradientNorm: 10, Tau: 0.03, Average: 0.99,
		Alpha: 0.02, AlphaMin: 1e-4, AlphaMax: 1, AlphaRate: 3e-3,
	}
}

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrConfig and names field, value and rule.
func (c *Config) Validate() error {
	return settings.Faults(ErrConfig, c)
}

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	r.Check("head", c.Head, settings.OneOf(policy.Gaussian, policy.Discrete))
	r.Check("discrete", c.Discrete, settings.OneOf(Exact, StraightThrough))
	c.networkRules(r)
	r.Check("box", c.Box, settings.Positive())
	r.Check("sigma", c.Sigma, settings.Positive())
	r.Check("final_sigma", c.FinalSigma, settings.NotNegative())
	r.Check("hold", c.Hold, settings.Closed(0, 1_000_000))
	r.Require(!c.Paired || c.Head == policy.Gaussian, "paired", c.Paired, "must be false where head is discrete, which has no opposite noise")
	r.Check("levels", c.Levels, settings.Rising())
	r.Check("entropy_share", c.EntropyShare, settings.Open(0, 1))
	r.Check("hidden", c.Hidden, settings.Closed(1, 4096))
	r.Check("layers", c.Layers, settings.Closed(1, 32))
	r.Check("embedding", c.Embedding, settings.Closed(1, 1024))
	r.Check("gamma", c.Gamma, settings.ClosedOpen(0, 1))
	r.Check("n_step", c.NStep, settings.Closed(1, 1000))
	r.Check("baseline", c.Baseline, settings.OneOf(NoBaseline, Advantage, Difference))
	r.Require(c.Baseline != Advantage || c.Head != policy.Discrete || c.Discrete != Exact, "baseline", string(c.Baseline), "must not be advantage where a discrete head is exact: its critics are split")
	r.Check("advantage_scale", c.AdvantageScale, settings.NotNegative())
	r.Check("smoothness", c.Smoothness, settings.NotNegative())
	r.Check("batch", c.Batch, settings.Closed(1, 100_000))
	r.Check("capacity", c.Capacity, settings.Closed(1, 1_000_000))
	r.Check("priority", c.Priority, settings.Closed(0, 1))
	r.Check("priority_beta", c.PriorityBeta, settings.Closed(0, 1))
	r.Check("critic_rounds", c.CriticRounds, settings.Closed(0, 1_000_000_000))
	r.Check("feature_rounds", c.FeatureRounds, settings.Closed(1, 1_000_000_000))
	r.Check("rate", c.Rate, settings.Positive())
	r.Check("schedule", c.Schedule, settings.OneOf(nn.ScheduleKinds()...))
	r.Check("final_rate", c.FinalRate, settings.OpenClosed(0, 1))
	r.Check("warmup", c.Warmup, settings.ClosedOpen(0, 1))
	r.Check("weight_decay", c.WeightDecay, settings.NotNegative())
	r.Require(!(c.WeightDecay*c.Rate >= 1), "weight_decay", c.WeightDecay, "must, times rate, be below 1")
	r.Check("gradient_norm", c.GradientNorm, settings.NotNegative())
	r.Check("tau", c.Tau, settings.OpenClosed(0, 1))
	r.Check("average", c.Average, settings.ClosedOpen(0, 1))
	r.Check("alpha_min", c.AlphaMin, settings.Positive())
	r.Check("alpha_max", c.AlphaMax, settings.Positive())
	r.Require(c.Alpha >= c.AlphaMin && c.Alpha <= c.AlphaMax, "alpha", c.Alpha,
		fmt.Sprintf("must be in [alpha_min, alpha_max] = [%g, %g]", c.AlphaMin, c.AlphaMax))
	r.Check("alpha_rate", c.AlphaRate, settings.NotNegative())
}

// networkRules states the rules of the kind of networks, and of what a recurrent
// one does not go with.
func (c *Config) networkRules(r *settings.Rules) {
	recurrent := c.Network == Recurrent
	r.Check("network", c.Network, settings.OneOf(Equivariant, Recurrent))
	r.Check("window", c.Window, settings.Closed(0, 100_000))
	r.Check("burn_in", c.BurnIn, settings.Closed(0, 100_000))
	r.Require(!recurrent || c.Head != policy.Discrete, "head", string(c.Head), "must be gaussian where network is recurrent")
	r.Require(!recurrent || c.Priority == 0, "priority", c.Priority, "must be 0 where network is recurrent")
	r.Require(!recurrent || c.NStep == 1, "n_step", c.NStep, "must be 1 where network is recurrent")
	r.Require(!recurrent || c.Baseline == NoBaseline, "baseline", string(c.Baseline), "must be none where network is recurrent")
	r.Require(!recurrent || c.Window > 0 || c.BurnIn == 0, "burn_in", c.BurnIn, "must be 0 where window is 0: whole episodes begin from nothing")
}

// schedule is that of the learning rate.
func (c *Config) schedule() nn.Schedule {
	return nn.Schedule{Kind: c.Schedule, Final: c.FinalRate, Warmup: c.Warmup}
}
