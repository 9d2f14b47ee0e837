package universal

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/selftuning"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/replay"
)

// world is the spec of an environment whose servers the actors of these tests steer.
var world = env.Spec{Agents: 2, Servers: 3, StepInterval: 0.25, Action: env.ActionSpec{Low: 1e-6, High: 1e6}}

// want are coefficients that the tests' pools are served best by.
func want(k int) float64 { return 0.2 * math.Sin(float64(k)) }

// completion is the mean completion time under a policy on a pool whose times have such a
// scale.
func completion(p *dispatch.Policy, scale float64) float64 {
	sum := 1.0
	for k := range dispatch.ServerFeatures(p.Carried) {
		if !p.Carried || k >= len(dispatch.ServerFeatures(false)) { // the others are universal's
			sum += sq(p.Weight[k]-want(k)) + sq(p.Offset[k]-want(k+100))
		}
	}
	for k := range p.Common {
		if !p.Carried {
			sum += sq(p.Common[k] - want(k+200))
		} else {
			sum += sq(p.Others[k]-want(k+300)) + sq(p.Age[k]-want(k+400))
		}
	}
	return scale * sum
}

func sq(x float64) float64 { return x * x }

// round lets a learner learn from pairs of trials on pools of very different scales.
func round(t *testing.T, l *Learner, k, rounds int) {
	t.Helper()
	for pair := range 24 {
		for half := range 2 {
			seed := uint64(k*1000 + 2*pair + half)
			p, err := l.Trial(seed)
			require.NoError(t, err)
			require.NoError(t, l.ObserveTrial(seed, completion(p, math.Pow(10, float64(pair%5)))))
		}
	}
	_, err := l.Update(1, float64(k+1)/float64(rounds))
	require.NoError(t, err)
}

// TestLearns: it begins at zero, of universal-carried at universal, whose coefficients stay, and comes near to
// what is best, whatever the pools' scales.
func TestLearns(t *testing.T) {
	t.Parallel()
	for _, carried := range []bool{false, true} {
		l, err := newLearner(DefaultConfig(), world, carried)
		require.NoError(t, err)
		p, err := l.Rule()
		require.NoError(t, err)
		begin := &dispatch.Policy{}
		if carried {
			begin = dispatch.ShippedPolicy(false).WithCarried()
		}
		require.InDeltaSlice(t, begin.Coefficients(), p.Coefficients(), 1e-7)
		before := completion(p, 1) - 1
		for k := range 150 {
			round(t, l, k, 150)
		}
		p, err = l.Rule()
		require.NoError(t, err)
		require.Less(t, completion(p, 1)-1, before/10)
		if carried {
			require.InDeltaSlice(t, begin.Weight[:len(dispatch.ServerFeatures(false))], p.Weight[:len(dispatch.ServerFeatures(false))], 1e-7)
			require.InDeltaSlice(t, begin.Common[:], p.Common[:], 1e-7)
		}
	}
}

// TestResumes: a learner that is saved between two rounds goes on to the same coefficients.
func TestResumes(t *testing.T) {
	t.Parallel()
	for _, carried := range []bool{false, true} {
		whole, err := newLearner(DefaultConfig(), world, carried)
		require.NoError(t, err)
		for k := range whole.origin {
			if carried {
				whole.origin[k] += 0.5 // as if another universal had shipped when it began
			}
		}
		for k := range 3 {
			round(t, whole, k, 6)
		}
		var b bytes.Buffer
		require.NoError(t, whole.Save(&b))
		other, err := newLearner(DefaultConfig(), world, carried)
		require.NoError(t, err)
		require.NoError(t, other.Restore(&b))
		for k := 3; k < 6; k++ {
			round(t, whole, k, 6)
			round(t, other, k, 6)
		}
		require.Equal(t, whole.Parameters(), other.Parameters())
		begun, err := newLearner(DefaultConfig(), world, carried)
		require.NoError(t, err)
		if carried {
			require.NoError(t, begun.Begin(whole.Parameters()))
			want, err := whole.Rule()
			require.NoError(t, err)
			got, err := begun.Rule()
			require.NoError(t, err)
			require.Equal(t, want, got, "its parameters are the whole policy")
		}
	}
}

// TestUnits: every coefficient has a unit.
func TestUnits(t *testing.T) {
	t.Parallel()
	require.Len(t, units, len(dispatch.ServerFeatures(false)))
	require.Len(t, carriedUnits, len(dispatch.ServerFeatures(true))-len(units))
	for _, carried := range []bool{false, true} {
		list := unitsOf(carried)
		require.Len(t, list, dispatch.PolicySize(carried))
		held := 0 // coefficients of universal that stay
		for _, unit := range list {
			if unit == 0 {
				held++
			}
		}
		if carried {
			require.Equal(t, dispatch.PolicySize(false), held)
		} else {
			require.Zero(t, held)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Sigma, cfg.Average = 0, 1
	_, err := New(cfg, world)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "sigma = 0")
	require.ErrorContains(t, err, "average = 1")
	l, err := New(DefaultConfig(), world)
	require.NoError(t, err)
	require.ErrorIs(t, l.ObserveTrial(1, 0), replay.ErrEmpty)
	require.Error(t, l.Observe(&replay.Episode{}))
	_, err = l.Update(1, 0.5)
	require.ErrorIs(t, err, replay.ErrEmpty)
}

// counts are what two LBs counted at three servers, of which the first is the fastest and
// the last has failed.
func counts(step int) [][]env.ServerCounts {
	var all [][]env.ServerCounts
	for i := range 2 {
		all = append(all, []env.ServerCounts{
			{Ongoing: 3 + i, Dispatched: 6, Completed: 6, OngoingSum: 20, Durations: 0.5},
			{Ongoing: 2, Dispatched: 3, Completed: 3, OngoingSum: 6 + float64(step%3), Durations: 0.9},
			{Ongoing: 0, Dispatched: 2, Failed: 2},
		})
	}
	return all
}

// TestActorWithoutCoefficients: without coefficients its weights are self-tuning's up to a factor.
func TestActorWithoutCoefficients(t *testing.T) {
	t.Parallel()
	a, err := NewActor(&dispatch.Policy{}, ActorConfig{Of: 2, LBs: 2, Interval: world.StepInterval, Bounds: world.Action})
	require.NoError(t, err)
	tuner, err := selftuning.New(selftuning.Config{LBs: 2, Interval: world.StepInterval, Bounds: world.Action, Rule: dispatch.DefaultSelfTuning()})
	require.NoError(t, err)
	got, want := world.NewActions(), world.NewActions()
	for k := range 50 {
		step := env.Step{Time: float64(k) * world.StepInterval}
		if k > 0 {
			step.Counts = counts(k)
		}
		require.NoError(t, a.Act(got, &step))
		require.NoError(t, tuner.Act(want, &step))
		for i := range got {
			require.InEpsilon(t, want[i][0]/want[i][1], got[i][0]/got[i][1], 1e-9)
			require.InEpsilon(t, want[i][2]/want[i][1], got[i][2]/got[i][1], 1e-9, "it fails all that it gets")
		}
	}
}

// TestActorSharesAsTheRule: the flows of the moment are shared out by its weights as the
// rule with its two numbers a server would: all scores are equal.
func TestActorSharesAsTheRule(t *testing.T) {
	t.Parallel()
	policy := &dispatch.Policy{}
	policy.Common[0] = 1     // offsets above 1
	policy.Offset[15] = 0.5  // and not alike
	policy.Weight[0] = 0.3   // capacity counts for more
	policy.Offset[14] = -0.4 // the order of the servers
	a, err := NewActor(policy, ActorConfig{Of: 2, LBs: 2, Interval: world.StepInterval, Bounds: world.Action})
	require.NoError(t, err)
	dst := [][]float64{make([]float64, 2), make([]float64, 2)}
	busy := func() [][]env.ServerCounts {
		c := counts(1)
		for i := range c {
			c[i] = c[i][:2]
			c[i][0].Ongoing, c[i][1].Ongoing = 30, 20 // enough for both
		}
		return c
	}
	for k := range 200 {
		require.NoError(t, a.Act(dst, &env.Step{Time: float64(k+1) * world.StepInterval, Counts: busy()}))
	}
	for i := range dst {
		x := &a.lbs[i]
		total := 0.0
		var scores []float64
		for j, w := range dst[i] {
			q := w - 1 // the flows that make the server's score under weights 1
			total += q
			scores = append(scores, (q+x.score.Offset(j))/x.score.Weight(j))
		}
		require.InEpsilon(t, scores[0], scores[1], 1e-9)
		require.InEpsilon(t, x.ongoing, total, 1e-9)
	}
	_, err = NewActor(policy, ActorConfig{})
	require.Error(t, err)
}

// TestCarriedHasNoActor: nobody steers by weights what servers tell from request to request.
func TestCarriedHasNoActor(t *testing.T) {
	t.Parallel()
	l, err := NewCarried(DefaultConfig(), world)
	require.NoError(t, err)
	for _, actor := range []func() (agents.Actor, error){l.Policy, l.Explorer} {
		_, err := actor()
		require.ErrorContains(t, err, "universal-carried decides on each request")
	}
}
