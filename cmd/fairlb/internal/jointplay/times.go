package jointplay

import (
	"context"
	"errors"
	"fmt"

	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env"
	"fairlb/env/sim"
	"fairlb/rewards"
)

// Times are mean completion times of an episode (s), of the requests that arrive while it
// lasts; failed ones count at their timeout.
type Times struct {
	ByLB []float64
	All  float64
}

// ErrNoRequests reports an episode in which an LB has none.
var ErrNoRequests = errors.New("jointplay: a load balancer has no requests: choose a longer episode")

// timesRecorder sums up completion times.
type timesRecorder struct {
	sum    []float64
	number []int
}

// Record implements env.Recorder.
func (r *timesRecorder) Record(o env.Outcome) {
	r.sum[o.LB] += o.Completion
	r.number[o.LB]++
}

// PlayTilted plays one episode in which all LBs follow a policy, each tilted: the
// logarithms of LB i's weights are raised by tilts[i], if that is not nil.
func (x *Player) PlayTilted(ctx context.Context, policy Policy, tilts [][]float64, seed uint64) (Times, error) {
	reward, err := rewards.New("vbf")
	if err != nil {
		return Times{}, err
	}
	open := simulate.Open(x.Scenario, func(cfg *sim.Config) { cfg.Observe, cfg.Reward = policy.actor != nil, reward })
	recorder := &timesRecorder{make([]float64, x.Scenario.LBs), make([]int, x.Scenario.LBs)}
	e, err := open(recorder, nil)
	if err != nil {
		return Times{}, err
	}
	defer e.Close()
	spec := e.Spec()
	joint, err := newJointActor(&spec, policy, policy, -1)
	if err != nil {
		return Times{}, err
	}
	joint.tilts = tilts
	step, err := e.Reset(ctx, seed)
	if err != nil {
		return Times{}, err
	}
	joint.reset(seed)
	actions := spec.NewActions()
	for !step.Terminated && !step.Truncated {
		if err := joint.act(actions, &step); err != nil {
			return Times{}, err
		}
		if step, err = e.Step(ctx, actions); err != nil {
			return Times{}, err
		}
	}
	if d, ok := e.(env.Drainer); ok {
		if err := d.Drain(ctx); err != nil {
			return Times{}, err
		}
	}
	return recorder.times()
}

// times returns the means.
func (r *timesRecorder) times() (Times, error) {
	t := Times{ByLB: make([]float64, len(r.sum))}
	sum, number := 0.0, 0
	for i, n := range r.number {
		if n == 0 {
			return Times{}, fmt.Errorf("%w (load balancer %d)", ErrNoRequests, i)
		}
		t.ByLB[i] = r.sum[i] / float64(n)
		sum += r.sum[i]
		number += n
	}
	t.All = sum / float64(number)
	return t, nil
}
