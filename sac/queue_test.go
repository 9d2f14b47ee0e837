package sac_test

import (
	"math"
	"testing"

	"fairlb/agents/policy"

	"github.com/stretchr/testify/require"
)

// pool is two M/M/1 queues behind an LB: Poisson arrivals at a rate, of which
// each server gets the part that is its weight's of both, and exponential
// service. All in requests/s.
type pool struct {
	arrivals float64
	rate     [2]float64
}

// ongoing is the mean number of requests at a server that gets the part p:
// rho / (1 - rho).
func (q pool) ongoing(j int, p float64) float64 {
	return p * q.arrivals / (q.rate[j] - p*q.arrivals)
}

// total is that of both servers, if the first gets the part p.
func (q pool) total(p float64) float64 { return q.ongoing(0, p) + q.ongoing(1, 1-p) }

// best is the part of the first server at which it is least: what the servers
// have left over is as the roots of their rates (Lagrange).
func (q pool) best() float64 {
	root := math.Sqrt(q.rate[0])
	left := (q.rate[0] + q.rate[1] - q.arrivals) * root / (root + math.Sqrt(q.rate[1]))
	return (q.rate[0] - left) / q.arrivals
}

// part is the first server's under log-weights u and v.
func part(u, v float64) float64 { return 1 / (1 + math.Exp(v-u)) }

// bestNoisy is the part of the first server under log-weights h and -h at which
// the mean total is least if noise of standard deviation sigma moves both,
// before the squashing, as the gaussian head explores. As requests pile up
// faster than they vanish, it is the farther from even the more noise there is.
func (q pool) bestNoisy(sigma float64) float64 {
	const points, reach = 31, 3.5
	noise, chance := make([]float64, points), make([]float64, points)
	for k := range noise {
		z := reach * (2*float64(k)/(points-1) - 1)
		noise[k], chance[k] = sigma*z, math.Exp(-z*z/2)
	}
	least, best := math.Inf(1), 0.0
	for h := -0.8; h < 0.8; h += 0.005 {
		sum, z := 0.0, math.Atanh(h)
		for k, e := range noise {
			for m, d := range noise {
				sum += chance[k] * chance[m] * q.total(part(math.Tanh(z+e), math.Tanh(-z+d)))
			}
		}
		if sum < least {
			least, best = sum, part(h, -h)
		}
	}
	return best
}

// TestQueuesAreSplitBest: from minus the mean numbers of requests, with noise,
// each of two LBs learns the split of its own pool that theory calls best.
// With the gaussian head it comes within 0.015 of the part that is best under
// the noise by which the head explores, which is within 0.04 of the best
// without; the split in proportion to the rates is more than 0.07 off. With the
// discrete head it is the best that there is among its levels.
func TestQueuesAreSplitBest(t *testing.T) {
	t.Parallel()
	pools := []pool{{1, [2]float64{1.5, 1}}, {1, [2]float64{1.2, 1.7}}}
	pay := func(pay, weights [][]float64) {
		for i, q := range pools {
			for j, w := range weights[i] {
				pay[i][j] = -q.ongoing(j, w/(weights[i][0]+weights[i][1]))
			}
		}
	}
	cfg := config(policy.Gaussian)
	cfg.Sigma, cfg.CriticRounds, cfg.Average = 0.3, 2, 0.98
	for _, q := range pools { // the theory itself, by search
		for p := 0.2; p < 0.85; p += 0.001 {
			require.GreaterOrEqual(t, q.total(p), q.total(q.best()))
		}
		require.InDelta(t, q.best(), q.bestNoisy(0.01), 0.002)
		require.InDelta(t, q.best(), q.bestNoisy(cfg.Sigma), 0.04)
		require.Greater(t, math.Abs(q.best()-q.rate[0]/(q.rate[0]+q.rate[1])), 0.07)
	}
	t.Run("gaussian", func(t *testing.T) {
		t.Parallel()
		s := newStatic(2, 0.05, pay)
		for i, w := range s.train(t, newLearner(t, cfg, s.spec, 1), 25, nil) {
			require.InDelta(t, pools[i].bestNoisy(cfg.Sigma), w[0]/(w[0]+w[1]), 0.015, "LB %d", i)
		}
	})
	t.Run("discrete", func(t *testing.T) {
		t.Parallel()
		cfg := cfg
		cfg.Head = policy.Discrete
		s := newStatic(2, 0.05, pay)
		for i, w := range s.train(t, newLearner(t, cfg, s.spec, 1), 25, nil) {
			least := math.Inf(1)
			for _, u := range cfg.Levels {
				for _, v := range cfg.Levels {
					least = min(least, pools[i].total(part(u, v)))
				}
			}
			require.InDelta(t, least, pools[i].total(w[0]/(w[0]+w[1])), 1e-6, "LB %d", i)
		}
	})
}
