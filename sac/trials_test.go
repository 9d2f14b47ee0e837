package sac_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/replay"
	"fairlb/sac"
)

// teamOf gives an episode of the bandit, whose LBs do best each at its own best
// weights, a team that does best where both are at those of the second LB, and adds the
// workload's noise to all that is earned: the same in all trials of a workload.
func teamOf(b *bandit, ep *replay.Episode, workload uint64, noise float64) {
	n := ep.Servers
	rng := rand.New(rand.NewPCG(workload, 5))
	ep.TeamReward = nil
	for t := range ep.Steps {
		whole := float32(0)
		for j := range n {
			part := float32(noise * rng.NormFloat64())
			for i := range ep.Agents {
				row := ep.LogWeight[(t*ep.Agents+i)*n:][:n]
				centre := 0.0
				for _, u := range row {
					centre += float64(u) / float64(n)
				}
				d := float64(row[j]) - centre - b.best[1][j]
				part -= float32(d * d)
			}
			ep.TeamServerReward = append(ep.TeamServerReward, part)
			whole += part
		}
		ep.TeamReward = append(ep.TeamReward, whole)
	}
}

// trainTeam trains on pairs of trials, or on as many workloads that are all different, and
// returns the largest distance of the policy from the team's best.
func trainTeam(t *testing.T, cfg sac.Config) float64 {
	t.Helper()
	spec := specOf(2, 3, 2)
	b := newBandit(spec, 1)
	l := newLearner(t, cfg, spec, 5)
	require.Equal(t, map[bool]int{true: 2, false: 1}[cfg.Paired], l.Trials())
	for r := range 18 {
		for e := range 4 {
			actor, err := l.Explorer()
			require.NoError(t, err)
			seed := uint64(4*r + e)
			ep := b.episode(t, actor, seed, 20)
			ep.Seed = seed
			teamOf(b, ep, seed/uint64(l.Trials()), 3)
			require.NoError(t, l.Observe(ep))
		}
		_, err := l.Update(40, float64(r)/18)
		require.NoError(t, err)
	}
	far := 0.0
	for _, row := range weights(t, l, spec, observation(spec, 1)) {
		centre := 0.0
		for _, w := range row {
			centre += math.Log(w) / 3
		}
		for j, w := range row {
			far = max(far, math.Abs(math.Log(w)-centre-b.best[1][j]))
		}
	}
	return far
}

func TestLearnsWhatTheTeamEarns(t *testing.T) {
	t.Parallel()
	cfg := config(policy.Gaussian)
	cfg.Batch, cfg.CriticRounds, cfg.Average, cfg.TeamReward = 32, 2, 0.98, true
	paired := cfg
	paired.Paired = true
	require.Less(t, trainTeam(t, paired), 0.15, "both LBs find the team's best")
	require.Greater(t, trainTeam(t, cfg), 0.25, "without pairs the workload's noise is in the way")
	paired.TeamReward = false
	require.Greater(t, trainTeam(t, paired), 0.7, "by its own reward the first LB goes elsewhere")
}

func TestTrialsOfAPair(t *testing.T) {
	t.Parallel()
	cfg := config(policy.Gaussian)
	cfg.Paired, cfg.Hold = true, 5
	spec := specOf(2, 3, 2)
	b, l := newBandit(spec, 1), newLearner(t, cfg, spec, 5)
	actor, err := l.Explorer()
	require.NoError(t, err)
	episode := func(seed uint64) *replay.Episode {
		ep := b.episode(t, actor, seed, 20)
		ep.Seed = seed
		return ep
	}
	plus, minus := episode(2), episode(3)
	for k, u := range plus.LogWeight { // the untrained mode is 0
		require.InDelta(t, u, -minus.LogWeight[k], 0.05)
		require.InDelta(t, plus.LogWeight[k/30*30+k%6], u, 0.05, "held for 5 steps")
	}
	require.NoError(t, l.Observe(plus))
	_, err = l.Update(1, 0)
	require.ErrorIs(t, err, replay.ErrEmpty, "one trial teaches nothing")
	require.NoError(t, l.Observe(minus))
	for k, r := range plus.ServerReward {
		require.Equal(t, -r, minus.ServerReward[k])
	}
	_, err = l.Update(1, 0)
	require.NoError(t, err)

	require.NoError(t, l.Observe(episode(4)))
	require.ErrorIs(t, l.Observe(episode(7)), replay.ErrTrials)
	var _ agents.Comparer = l
}
