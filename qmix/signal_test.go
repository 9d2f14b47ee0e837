package qmix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/rewards"
)

// The recipe's exploration and discount, and when a choice is made: in the middle of an
// episode of training. What comes 40 steps after it is discounted to 1.5 %.
const (
	finalEpsilon = 0.1
	meanHold     = 5
	discount     = 0.9
	choiceStep   = 60
	returnSteps  = 40

	trainingChoices = 640 * 120 / meanHold // of an LB, in a training
)

// problem is a pool of two LBs, and the best fixed weights that both share there, as
// `fairlb eval tuned` finds them.
type problem struct {
	scenario string
	best     []float64
}

func problems() []problem {
	return []problem{
		{"../train/studies/qmix/servers-2.yaml", []float64{1, 1.822}},
		{"../train/studies/qmix/servers-4.yaml", []float64{1, 1.162, 1.492, 2.171}},
		misweighted(),
		pureCPU(),
	}
}

func misweighted() problem {
	return problem{"misweighted/1.0", []float64{1, 1.284, 1.35, 1.35, 2, 2.103, 2.984, 1.098}}
}

func pureCPU() problem {
	return problem{"sim-moderate/pure-cpu", []float64{1, 1, 1, 1, 1.81, 1.81, 1.81, 1.81}}
}

// measured is a problem's simulation.
type measured struct {
	t    *testing.T
	env  *sim.Env
	best []float64 // log-weights

	// Of the episode that was played last:
	requests [][]float64 // before each step and after the last one, of each LB at each server
	mean     float64     // s, completion time
}

// open builds a problem's simulation, for episodes of so many steps of 0.5 s; observed says
// whether agents see more than counts.
func (p problem) open(t *testing.T, steps int, observed bool) *measured {
	t.Helper()
	s, err := scenario.Load(p.scenario, []string{fmt.Sprintf("duration=%g", float64(steps)/2)})
	require.NoError(t, err)
	cfg, err := s.Config()
	require.NoError(t, err)
	cfg.Counts, cfg.Observe = true, observed
	cfg.Reward, err = rewards.New("ongoing")
	require.NoError(t, err)
	m := &measured{t: t}
	m.env, err = sim.New(cfg)
	require.NoError(t, err)
	for _, w := range p.best {
		m.best = append(m.best, math.Log(w))
	}
	centre := stat.Mean(m.best, nil)
	for j := range m.best {
		m.best[j] -= centre
	}
	return m
}

// towardsEqual returns the best log-weights, moved to equal ones by the part s of the way.
func (m *measured) towardsEqual(s float64) []float64 {
	u := make([]float64, len(m.best))
	for j, best := range m.best {
		u[j] = (1 - s) * best
	}
	return u
}

// play plays an episode in which LB i has the log-weights u[i] that choose sets at a step.
func (m *measured) play(seed uint64, choose func(k int, step *env.Step, u [][]float64)) {
	m.t.Helper()
	step, err := m.env.Reset(m.t.Context(), seed)
	require.NoError(m.t, err)
	spec := m.env.Spec()
	weights, u := spec.NewActions(), spec.NewActions()
	m.requests = append(m.requests[:0], make([]float64, spec.Agents*spec.Servers))
	sum, requests := 0.0, 0
	for k := 0; !step.Truncated; k++ {
		choose(k, &step, u)
		for i, row := range u {
			for j, v := range row {
				weights[i][j] = math.Exp(v)
			}
		}
		step, err = m.env.Step(m.t.Context(), weights)
		require.NoError(m.t, err)
		var counted []float64
		for _, counts := range step.Counts {
			for _, c := range counts {
				counted = append(counted, float64(c.Ongoing))
			}
		}
		m.requests = append(m.requests, counted)
		sum += step.Interval.CompletionSum
		requests += step.Interval.Completed + step.Interval.Failed
	}
	m.mean = sum / float64(requests)
}

// returnFrom is the team's discounted return from a step on: of the mean over LBs of minus
// their ongoing requests, the reward "ongoing".
func (m *measured) returnFrom(step int) float64 {
	g, factor := 0.0, 1/float64(m.env.Spec().Agents)
	for _, requests := range m.requests[step+1:] {
		for _, q := range requests {
			g -= factor * q
		}
		factor *= discount
	}
	return g
}

// draw renews the levels u of an exploring LB, each with probability renew: by one of -1 to
// 1 with probability epsilon, else by the best one.
func (m *measured) draw(u []float64, epsilon, renew float64, rng *rand.Rand) {
	for j := range u {
		if rng.Float64() < renew {
			u[j] = m.best[j]
			if rng.Float64() < epsilon {
				u[j] = float64(rng.IntN(21)-10) / 10
			}
		}
	}
}

// explore plays an episode in which all LBs explore around the best weights; change, if not
// nil, then changes what they chose.
func (m *measured) explore(seed uint64, epsilon float64, change func(k int, u [][]float64)) {
	rng := rand.New(rand.NewPCG(seed, 1))
	spec := m.env.Spec()
	held := spec.NewActions()
	m.play(seed, func(k int, _ *env.Step, u [][]float64) {
		renew := 1. / meanHold
		if k == 0 {
			renew = 1
		}
		for i, row := range held {
			m.draw(row, epsilon, renew, rng)
			copy(u[i], row)
		}
		if change != nil {
			change(k, u)
		}
	})
}

// teamReturn plays the workload and the exploration of a seed, in which LB 0 chooses the
// log-weights u for hold steps, and returns the team's return from there on.
func (m *measured) teamReturn(seed uint64, hold int, u []float64) float64 {
	m.explore(seed, finalEpsilon, func(k int, chosen [][]float64) {
		if k >= choiceStep && k < choiceStep+hold {
			copy(chosen[0], u)
		}
	})
	return m.returnFrom(choiceStep)
}

// explainedShare is the part of the return's variance that a choice of LB 0 explains which
// is held for so many steps and drawn with probability epsilon: the variance component of a
// crossed design of choices and workloads (Searle et al. 1992, "Variance Components").
func (m *measured) explainedShare(hold int, epsilon float64, choices, workloads int) float64 {
	rng := rand.New(rand.NewPCG(7, 0))
	g := mat.NewDense(choices, workloads, nil)
	u := make([]float64, len(m.best))
	for c := range choices {
		m.draw(u, epsilon, 1, rng)
		for w := range workloads {
			g.Set(c, w, m.teamReturn(1<<63+uint64(w), hold, u))
		}
	}
	ofChoices, ofWorkloads := make([]float64, choices), make([]float64, workloads)
	for c := range ofChoices {
		ofChoices[c] = stat.Mean(g.RawRowView(c), nil)
	}
	for w := range ofWorkloads {
		ofWorkloads[w] = stat.Mean(mat.Col(nil, w, g), nil)
	}
	rest, mean := 0.0, stat.Mean(ofChoices, nil)
	for c, x := range ofChoices {
		for w, y := range ofWorkloads {
			d := g.At(c, w) - x - y + mean
			rest += d * d / float64((choices-1)*(workloads-1))
		}
	}
	choice := stat.Variance(ofChoices, nil) - rest/float64(workloads)
	workload := stat.Variance(ofWorkloads, nil) - rest/float64(choices)
	return choice / (choice + workload + rest)
}

// long says whether measurements are made that take minutes.
func long() bool { return os.Getenv("FAIRLB_LONG") != "" }

// TestSignal measures how much of the team's return from a step the choice of one LB
// explains: one drawn at random, as in the beginning of training, and one as at its end,
// held for one step, for the recipe's mean of five and for 20. FAIRLB_LONG=1 measures all
// problems of results/studies/qmix.md, and what worse weights make of the return.
func TestSignal(t *testing.T) {
	t.Parallel()
	choices, workloads, some := 40, 12, []problem{misweighted()}
	if long() {
		choices, workloads, some = 400, 20, problems()
	}
	for _, p := range some {
		var shares []float64
		for _, hold := range []int{1, meanHold, 20} {
			m := p.open(t, choiceStep+hold+returnSteps, false)
			shares = append(shares, m.explainedShare(hold, 1, choices, workloads))
			if long() {
				t.Logf("%s, held for %d steps: a choice explains %.3f %% of the return's variance at first, %.3f %% at the end",
					p.scenario, hold, 100*shares[len(shares)-1], 100*m.explainedShare(hold, finalEpsilon, choices, workloads))
			}
		}
		require.Less(t, shares[0], shares[1], "what is held for longer matters more")
		require.Less(t, shares[1], shares[2], "what is held for longer matters more")
		require.Less(t, shares[1], 0.05, "the return is mostly noise to the LB that chooses")
		if long() {
			p.differences(t)
		}
	}
}

// differences tells what it makes of the return that LB 0 has worse weights for five
// steps, how many choices it takes to see that at two standard errors, where half of them
// are of either kind, and what such weights make of the mean completion time. Equal weights
// cost much, those half of the way little, which a training has not the choices to see.
func (p problem) differences(t *testing.T) {
	const workloads = 4000
	m := p.open(t, choiceStep+meanHold+returnSteps, false)
	var best []float64
	var states [][]float64
	for w := range workloads {
		best = append(best, m.teamReturn(1<<63+uint64(w), meanHold, m.best))
		requests, row := m.requests[choiceStep], []float64{1}
		for j := range m.best {
			both := requests[j] + requests[len(m.best)+j]
			row = append(row, requests[j], both, both*both)
		}
		states = append(states, row)
	}
	fit := newLeastSquares(len(states[0]))
	for w, row := range states {
		fit.add(row, best[w])
	}
	_, rest := fit.solve()
	t.Logf("%s: standard deviation of the return %.1f, of what the state leaves of it %.1f", p.scenario, stat.StdDev(best, nil), math.Sqrt(rest))
	least := p.meanTime(t, 500, m.best, m.best)
	equal := 0.0 // what they cost
	for _, s := range []float64{1, 0.75, 0.5} {
		u := m.towardsEqual(s)
		var d []float64
		for w := range workloads {
			d = append(d, m.teamReturn(1<<63+uint64(w), meanHold, u)-best[w])
		}
		mean, sd := stat.MeanStdDev(d, nil)
		choices := 16 * rest / (mean * mean)
		one, both := p.meanTime(t, 500, u, m.best)/least-1, p.meanTime(t, 500, u, u)/least-1
		t.Logf("  %.2f of the way to equal weights: mean completion time %+.1f %% by one LB, %+.1f %% by both; return %.3f +- %.3f, seen in %.0f choices",
			s, 100*one, 100*both, mean, 1.96*sd/math.Sqrt(workloads), choices)
		require.Greater(t, both, one, "%s: worse weights of both cost more than of one", p.scenario)
		if s == 1 {
			equal = both
			require.Greater(t, equal, 0.1, "%s: equal weights cost much", p.scenario)
			require.Less(t, mean, -1.96*sd/math.Sqrt(workloads), "%s: equal weights make the return less", p.scenario)
			continue
		}
		require.Less(t, both, equal/2, "%s: weights nearer to the best cost much less", p.scenario)
		require.Greater(t, choices, float64(trainingChoices), "%s: no training sees the difference", p.scenario)
	}
}

// meanTime is the mean completion time (s) of LBs with these fixed log-weights, on 20 seeds
// of 300 s.
func (p problem) meanTime(t *testing.T, firstSeed uint64, lbs ...[]float64) float64 {
	m := p.open(t, 600, false)
	sum := 0.0
	for seed := range uint64(20) {
		m.play(firstSeed+seed, func(_ int, _ *env.Step, u [][]float64) {
			for i, row := range u {
				copy(row, lbs[i])
			}
		})
		sum += m.mean / 20
	}
	return sum
}
