package sac

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
)

// A small decision process of one LB and two servers, each in one of three
// states, which alone the LB sees: how much is queued there. The level of a
// server's weight (low, middle, high) moves its queue, and what it pays depends
// on queue and level. As nothing of one server depends on the other, the value
// of a joint action is a sum of one term per server.

const (
	mdpQueues = 3
	mdpLevels = 3
	mdpStates = mdpQueues * mdpQueues
	mdpMoves  = mdpLevels * mdpLevels
)

// mdpNext is the queue that follows at a server: the first drains at a low
// level and fills at a high one, the second turns round at a high one.
var mdpNext = [2][mdpQueues][mdpLevels]int{
	{{0, 0, 1}, {0, 1, 2}, {1, 2, 2}},
	{{0, 1, 2}, {0, 1, 0}, {1, 2, 0}},
}

// mdpPay is what a server pays: work done, which a high level brings, less what
// is queued.
var mdpPay = [2][mdpQueues][mdpLevels]float64{
	{{0, 0.5, 2}, {-1, 0, 1}, {-3, -2, -1}},
	{{0, 0.2, 0.4}, {-0.5, 0.5, -1}, {-1.5, 0, -2}},
}

// mdpStep gives both servers' next queues and pay; queue and level are [2].
func mdpStep(queue, level [2]int) (next [2]int, pay [2]float64) {
	for j := range 2 {
		next[j], pay[j] = mdpNext[j][queue[j]][level[j]], mdpPay[j][queue[j]][level[j]]
	}
	return next, pay
}

func mdpPair(k, n int) [2]int { return [2]int{k / n, k % n} }

// softValues returns Q(s, a) of the maximum entropy optimum by value iteration
// over joint states and actions ([SAC], section 4.1, with V = alpha log sum
// exp(Q / alpha)); its policy is exp((Q - V) / alpha). What server j pays is
// shifted by -mean[j] and scaled.
func softValues(mean []float64, scale, gamma, alpha float64) (q [mdpStates][mdpMoves]float64, v [mdpStates]float64) {
	for range 400 {
		for s := range q {
			for a := range q[s] {
				next, pay := mdpStep(mdpPair(s, mdpQueues), mdpPair(a, mdpLevels))
				r := (pay[0] - mean[0] + pay[1] - mean[1]) * scale
				q[s][a] = r + gamma*v[next[0]*mdpQueues+next[1]]
			}
		}
		for s := range q {
			top, sum := q[s][0], 0.0
			for _, x := range q[s] {
				top = max(top, x)
			}
			for _, x := range q[s] {
				sum += math.Exp((x - top) / alpha)
			}
			v[s] = top + alpha*math.Log(sum)
		}
	}
	return q, v
}

// mdpSee is what the LB observes: one-hot, per server.
func mdpSee(queue [2]int) []float32 {
	obs := make([]float32, 2*mdpQueues)
	for j, q := range queue {
		obs[j*mdpQueues+q] = 1
	}
	return obs
}

// mdpEpisode plays a number of steps at random, from a random state. It is cut
// off, which is no end: its last state has a value.
func mdpEpisode(cfg *Config, rng *rand.Rand, steps int) *replay.Episode {
	ep := replay.NewEpisode(replay.Shape{Agents: 1, Servers: 2, Features: mdpQueues}, steps)
	ep.Steps = steps
	ep.Load = make([]float32, 2*(steps+1))
	queue := mdpPair(rng.IntN(mdpStates), mdpQueues)
	ep.Obs = append(ep.Obs, mdpSee(queue)...)
	for range steps {
		level := mdpPair(rng.IntN(mdpMoves), mdpLevels)
		next, pay := mdpStep(queue, level)
		for j := range 2 {
			ep.LogWeight = append(ep.LogWeight, float32(cfg.Levels[level[j]]))
			ep.ServerReward = append(ep.ServerReward, float32(pay[j]))
		}
		ep.Reward = append(ep.Reward, float32(pay[0]+pay[1]))
		queue = next
		ep.Obs = append(ep.Obs, mdpSee(queue)...)
	}
	return ep
}

// TestSoftValuesOfASmallProcess: at a fixed temperature the discrete head comes
// to the soft values and the soft policy that value iteration gives, from what
// random play has seen: each value to 0.01 in units of the normalised reward, in
// which they range over more than one, and each joint action's probability to
// 0.01.
func TestSoftValuesOfASmallProcess(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Head, cfg.Levels = policy.Discrete, []float64{-0.5, 0, 0.5}
	cfg.Alpha, cfg.AlphaRate = 0.05, 0
	cfg.Gamma, cfg.Smoothness, cfg.Batch, cfg.Rate, cfg.Tau = 0.8, 0, 64, 5e-3, 0.05
	cfg.FinalRate, cfg.CriticRounds, cfg.FeatureRounds = 0.02, 0, 1
	l, err := New(cfg, env.Spec{Agents: 1, Servers: 2, Features: make([]env.Feature, mdpQueues),
		Action: env.ActionSpec{Low: 0.1, High: 10}}, 1)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(3, 3))
	for range 60 {
		require.NoError(t, l.Observe(mdpEpisode(&cfg, rng, 12)))
	}
	for r := range 30 {
		_, err := l.Update(60, float64(r)/30)
		require.NoError(t, err)
	}

	a := l.agents[0]
	require.InDelta(t, cfg.Alpha, a.alpha.alpha(), 1e-12)
	mean, scale := rewardStatistics(a.rewards, 2)
	wantQ, wantV := softValues(mean, scale, cfg.Gamma, cfg.Alpha)
	f := a.trainer.(*feedForward)
	actor, critics := nn.NewPlan(a.params.average), nn.NewPlan(a.params.critic)
	x := actor.Input("states", 2, mdpQueues)
	logp := actor.Apply(new(nn.LogSoftmax), f.actorNet.Apply(actor, x))
	y, level := critics.Input("states", 2, mdpQueues), critics.Input("levels", 2, 1)
	var q [2]*nn.Node
	for i, critic := range f.critics.(*factoredCritics).twins {
		q[i] = critics.Apply(&factoredQ{servers: 2}, critic.Apply(critics, y), level)
	}
	require.NoError(t, actor.Err())
	require.NoError(t, critics.Err())
	worstQ, worstP, low, high := 0.0, 0.0, math.Inf(1), math.Inf(-1)
	for s := range wantQ {
		a.features.Apply(x.Data(), mdpSee(mdpPair(s, mdpQueues)))
		copy(y.Data(), x.Data())
		actor.Run()
		for m, want := range wantQ[s] {
			moves := mdpPair(m, mdpLevels)
			level.Data()[0], level.Data()[1] = float32(moves[0]), float32(moves[1])
			critics.Run()
			for _, twin := range q {
				worstQ = max(worstQ, math.Abs(float64(twin.Data()[0])-want))
			}
			p := math.Exp(float64(logp.Data()[moves[0]]) + float64(logp.Data()[mdpLevels+moves[1]]))
			worstP = max(worstP, math.Abs(p-math.Exp((want-wantV[s])/cfg.Alpha)))
			low, high = min(low, want), max(high, want)
		}
	}
	require.Less(t, worstQ, 0.01, "value")
	require.Less(t, worstP, 0.01, "probability")
	require.Greater(t, high-low, 1.0, "the check would pass on equal values")
}

// rewardStatistics returns the mean of each of servers streams and the factor by
// which rewards are normalised, from what becomes of the rewards 0 and 1.
func rewardStatistics(w *normalise.Rewards, servers int) (mean []float64, scale float64) {
	zeros, ones := make([]float32, servers), make([]float32, servers)
	w.Apply(zeros, zeros)
	nn.Constant(1)(ones)
	w.Apply(ones, ones)
	for j, zero := range zeros {
		scale = float64(ones[j]) - float64(zero)
		mean = append(mean, -float64(zero)/scale)
	}
	return mean, scale
}
