package sac

import (
	"math"

	"fairlb/agents/nn"
	"fairlb/env/snapshot"
)

// temperature is the weight alpha of entropy in the reward, tuned so that the
// policy's entropy per server comes to a target ([SAC], eq. 18, on log alpha).
type temperature struct {
	logAlpha  float64
	targetAt  func(progress float64) float64 // nats per server, after a part of training
	target    float64                        // of this moment
	rate      float64
	low, high float64 // of log alpha
	adam      *nn.ScalarAdam
}

func newTemperature(cfg *Config, target func(progress float64) float64) *temperature {
	return &temperature{
		logAlpha: math.Log(cfg.Alpha), targetAt: target, target: target(0), rate: cfg.AlphaRate,
		low: math.Log(cfg.AlphaMin), high: math.Log(cfg.AlphaMax), adam: nn.NewScalarAdam(),
	}
}

func (t *temperature) alpha() float64 { return math.Exp(t.logAlpha) }

// aim sets the target to that after a part of training.
func (t *temperature) aim(progress float64) { t.target = t.targetAt(progress) }

// step makes one Adam step on log alpha (H - target), and clamps.
func (t *temperature) step(entropy float64) {
	t.logAlpha = min(max(t.adam.Step(t.logAlpha, entropy-t.target, t.rate), t.low), t.high)
}

// state walks over the temperature and its optimiser.
func (t *temperature) state(c *snapshot.Codec) {
	c.Float64(&t.logAlpha)
	t.adam.State(c)
}
