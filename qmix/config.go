package qmix

import (
	"errors"

	"fairlb/agents/nn"
	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

// ErrConfig reports a configuration that breaks a rule.
var ErrConfig = errors.New("qmix: invalid configuration")

// MixerKind names what joins utilities to one value.
type MixerKind string

// The mixers.
const (
	Monotonic MixerKind = "qmix" // the monotonic network of package hypernet
	Sum       MixerKind = "vdn"  // the plain sum
)

// UtilityForm names the form of an LB's utility.
type UtilityForm string

// The forms.
const (
	Quadratic UtilityForm = "quadratic" // concave in the centred log-weight of each server
	Table     UtilityForm = "levels"    // a value for each level of each server
)

// MixedUtilities names the utilities that are joined.
type MixedUtilities string

// What can be mixed.
const (
	LBs     MixedUtilities = "lbs"     // one utility per LB, the sum over its servers
	Heads   MixedUtilities = "heads"   // one per LB and server
	Servers MixedUtilities = "servers" // for each server, one per LB
)

// GlobalState names the global state that the mixer sees, made of normalised local
// observations.
type GlobalState string

// The global states.
const (
	Concat GlobalState = "concat" // all of them, one after the other
	Mean   GlobalState = "mean"   // per server, their mean over LBs
)

// Config holds every number of the learner. DefaultConfig gives the defaults
// named here; zero is a value like any other, and most fields refuse it.
type Config struct {
	// Levels are the log-weights that an LB chooses among for each server,
	// rising. Default -1 to 1 in steps of 0.1; at least two.
	Levels []float64 `yaml:"levels"`

	// Utility is the form of an LB's utility: quadratic, concave in the centred
	// log-weight of each server, or levels, a value for each level of each server.
	// Default quadratic.
	Utility UtilityForm `yaml:"utility"`
	// Streams is of runs that were made before there was iql-lb, as qmix-lb: the
	// weight, in their loss, of the LBs' own rewards, 0.99 by default. Such a run can
	// be shown, verified and evaluated. Nothing is trained with it: leave it out.
	Streams float64 `yaml:"streams,omitempty"`
	// Smoothness is the weight, in the loss, of the mean squared change of the
	// best log-weights of a quadratic utility between consecutive states. Default
	// 0.02; 0 for none.
	Smoothness float64 `yaml:"smoothness"`

	// Mixer is what joins the utilities to the value of all: qmix, the monotonic
	// network, or vdn, the plain sum. Default qmix. This and the next three are of
	// qmix-lb: iql-lb mixes nothing.
	Mixer MixerKind `yaml:"mixer"`
	// Mixed is what the mixer joins: lbs, one utility for each LB, or heads, one
	// for each server of each LB, which are of levels, to the value of the team's
	// reward; or servers, for each server the LBs' parts of it, to the value of that
	// server's part of the team's reward (credit). Default lbs.
	Mixed MixedUtilities `yaml:"mixed"`
	// State is the global state that the mixer's weights depend on: concat, the
	// observations of all LBs, or mean, their mean over LBs. Default concat.
	State GlobalState `yaml:"state"`
	// Mixing is the width of the mixing layer. Default 32; at most 4096.
	Mixing int `yaml:"mixing"`

	// Hidden is the width of the utilities' hidden layers. Default 16; at most
	// 4096.
	Hidden int `yaml:"hidden"`
	// Layers is the number of the utilities' hidden layers. Default 2; at most 32.
	Layers int `yaml:"layers"`
	// Embedding is the length of the learned embedding of a server. Default 4.
	Embedding int `yaml:"embedding"`

	// Gamma is the discount per step. Default 0.9; in [0, 1).
	Gamma float64 `yaml:"gamma"`
	// Lambda weighs longer returns against shorter ones in the targets,
	// TD(lambda): 0 takes one step, 1 the whole window. Default 0.9; in [0, 1].
	Lambda float64 `yaml:"lambda"`
	// Double lets the present utilities choose the next levels, which the target
	// networks then value. Default true; false lets the target networks choose
	// too.
	Double bool `yaml:"double"`

	// Window is the number of consecutive steps of a window that is learned from.
	// Default 16; at most 100 000; 0 for whole episodes.
	Window int `yaml:"window"`
	// Batch is the number of windows of an update. Default 16; at most 100 000.
	Batch int `yaml:"batch"`
	// Capacity is the number of episodes in the replay buffer. Default 400.
	Capacity int `yaml:"capacity"`
	// FeatureRounds is the number of first rounds in which the statistics that
	// normalise the features are taken from the episodes; after them they stay as
	// they are. Default 4; at least 1.
	FeatureRounds int `yaml:"feature_rounds"`

	// Epsilon is the probability, at the start, with which an exploring LB draws a
	// server's level at random. Default 1; in [0, 1].
	Epsilon float64 `yaml:"epsilon"`
	// FinalEpsilon is that probability at the end. Default 0.1; in [0, 1].
	FinalEpsilon float64 `yaml:"final_epsilon"`
	// EpsilonShare is the part of training over which the probability goes
	// linearly from Epsilon to FinalEpsilon, at which it then stays. Default 0.5;
	// in (0, 1].
	EpsilonShare float64 `yaml:"epsilon_share"`
	// Hold is the mean number of steps for which an exploring LB holds what it has
	// drawn for a server, a random level or the best one. Default 5; at least 1,
	// which is plain epsilon-greedy.
	Hold float64 `yaml:"hold"`

	// Rate is the learning rate at the start. Default 2e-3.
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
	// Tau is the part by which the target networks move towards the present ones
	// at an update. Default 0.03; in (0, 1].
	Tau float64 `yaml:"tau"`
	// TargetEvery, if not 0, is the number of updates after which the target
	// networks are set to the present ones, in place of moving by Tau. Default 0.
	TargetEvery int `yaml:"target_every"`
	// Average is the part of the averaged utilities, which are what is evaluated,
	// that is kept at an update; the rest are the present ones. Default 0.99; in
	// [0, 1). 0 evaluates the present ones.
	Average float64 `yaml:"average"`

	// ActionAverage is the number of steps over which the policy that is evaluated
	// averages the log-weights that it chooses: the plain mean of an episode's choices
	// so far, from that many steps on an exponential one, of which the latest choice is
	// one part in so many. Each LB averages its own. Exploration in training does not.
	// Default 0, as 1: no average; at most 1 000 000.
	ActionAverage int `yaml:"action_average,omitempty"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Levels: []float64{
			-1, -0.9, -0.8, -0.7, -0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0,
			0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
		},
		Utility: Quadratic, Smoothness: 0.02,
		Mixer: Monotonic, Mixed: LBs, State: Concat, Mixing: 32,
		Hidden: 16, Layers: 2, Embedding: 4,
		Gamma: 0.9, Lambda: 0.9, Double: true,
		Window: 16, Batch: 16, Capacity: 400, FeatureRounds: 4,
		Epsilon: 1, FinalEpsilon: 0.1, EpsilonShare: 0.5, Hold: 5,
		Rate: 2e-3, Schedule: nn.LinearRate, FinalRate: 0.1, GradientNorm: 10, Tau: 0.03, Average: 0.99,
	}
}

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrConfig and names field, value and rule.
func (c *Config) Validate() error {
	return settings.Faults(ErrConfig, c)
}

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	r.Check("levels", c.Levels, settings.Rising())
	r.Check("utility", c.Utility, settings.OneOf(Quadratic, Table))
	r.Check("streams", c.Streams, settings.Closed(0, 1))
	r.Check("smoothness", c.Smoothness, settings.NotNegative())
	r.Check("mixer", c.Mixer, settings.OneOf(Monotonic, Sum))
	r.Check("mixed", c.Mixed, settings.OneOf(LBs, Heads, Servers))
	r.Require(c.Mixed != Heads || c.Utility != Quadratic, "mixed", string(c.Mixed), "must be lbs or servers if utility is quadratic")
	r.Check("state", c.State, settings.OneOf(Concat, Mean))
	r.Check("mixing", c.Mixing, settings.Closed(1, 4096))
	r.Check("hidden", c.Hidden, settings.Closed(1, 4096))
	r.Check("layers", c.Layers, settings.Closed(1, 32))
	r.Check("embedding", c.Embedding, settings.Closed(1, 1024))
	r.Check("gamma", c.Gamma, settings.ClosedOpen(0, 1))
	r.Check("lambda", c.Lambda, settings.Closed(0, 1))
	r.Check("window", c.Window, settings.Closed(0, 100_000))
	r.Check("batch", c.Batch, settings.Closed(1, 100_000))
	r.Check("capacity", c.Capacity, settings.Closed(1, 1_000_000))
	r.Check("feature_rounds", c.FeatureRounds, settings.Closed(1, 1_000_000_000))
	r.Check("epsilon", c.Epsilon, settings.Closed(0, 1))
	r.Check("final_epsilon", c.FinalEpsilon, settings.Closed(0, 1))
	r.Check("epsilon_share", c.EpsilonShare, settings.OpenClosed(0, 1))
	r.Check("hold", c.Hold, settings.AtLeast(1))
	r.Check("rate", c.Rate, settings.Positive())
	r.Check("schedule", c.Schedule, settings.OneOf(nn.ScheduleKinds()...))
	r.Check("final_rate", c.FinalRate, settings.OpenClosed(0, 1))
	r.Check("warmup", c.Warmup, settings.ClosedOpen(0, 1))
	r.Check("weight_decay", c.WeightDecay, settings.NotNegative())
	r.Require(!(c.WeightDecay*c.Rate >= 1), "weight_decay", c.WeightDecay, "must, times rate, be below 1")
	r.Check("gradient_norm", c.GradientNorm, settings.NotNegative())
	r.Check("tau", c.Tau, settings.OpenClosed(0, 1))
	r.Check("target_every", c.TargetEvery, settings.Closed(0, 1_000_000_000))
	r.Check("average", c.Average, settings.ClosedOpen(0, 1))
	r.Check("action_average", c.ActionAverage, settings.Closed(0, 1_000_000))
}

// smooth says whether there is a penalty on change.
func (c *Config) smooth() bool { return c.Utility == Quadratic && c.Smoothness > 0 }

// averages says whether the policy that is evaluated averages what it chooses.
func (c *Config) averages() bool { return c.ActionAverage > 1 }

// schedule is that of the learning rate.
func (c *Config) schedule() nn.Schedule {
	return nn.Schedule{Kind: c.Schedule, Final: c.FinalRate, Warmup: c.Warmup}
}

// epsilon is the probability of a random level at progress.
func (c *Config) epsilon(progress float64) float64 {
	passed := min(progress/c.EpsilonShare, 1)
	return c.Epsilon + (c.FinalEpsilon-c.Epsilon)*passed
}
