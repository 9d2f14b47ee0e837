package sac

import (
	"errors"

	"gonum.org/v1/gonum/mat"

	"fairlb/agents/normalise"
	"fairlb/env/snapshot"
	"fairlb/replay"
)

// rewardBaseline takes a value of the state alone out of the rewards that the
// critics learn.
type rewardBaseline interface {
	// fit takes the value from the transitions of an agent in the buffer, as
	// features and rewards are normalised.
	fit(buffer *replay.Buffer, agent int, features *normalise.Features, rewards *normalise.Rewards, gamma float64)

	// apply takes the value out of the rewards of targets, r [B,N], from the
	// states before and behind them [B,N,F] and bootstrap [B], which is 0 where
	// an episode terminated and elsewhere the power of gamma, over gamma, by
	// which the state behind counts.
	apply(r, before, behind, bootstrap []float32, gamma float64)

	// state walks over what fit has found.
	state(c *snapshot.Codec)
}

// noBaseline leaves rewards as they are.
type noBaseline struct{}

var _ rewardBaseline = noBaseline{}

func (noBaseline) fit(*replay.Buffer, int, *normalise.Features, *normalise.Rewards, float64) {}
func (noBaseline) apply(_, _, _, _ []float32, _ float64)                                     {}
func (noBaseline) state(*snapshot.Codec)                                                     {}

// potential is a value of the state alone, per server, that is taken out of what
// the critics learn (Config.Baseline, difference). With Phi_j(s) linear in the
// features, rewards become
//
//	r_j - (Phi_j(s) - gamma Phi_j(s')),
//
// Phi being 0 behind a termination. Over an episode this telescopes, whatever Phi
// is, to Q_j(s, a) - Phi_j(s): the same actions are best, under entropies too (Ng
// et al. 1999, "Policy Invariance under Reward Transformations"). Taking Phi(s)
// alone out of the reward would not do, for actions choose the next states.
//
// Phi is the least-squares fixed point of the returns (Bradtke and Barto 1996,
// "Linear Least-Squares Algorithms for Temporal Difference Learning") with a
// ridge: a server's features, the servers' mean of each, and a constant of the
// server.
type potential struct {
	servers, features int
	weights           []float64 // [2*F+N]: of own features and of means, then the constants
	before, after     []float64 // [2*F+N]: regressors
}

// potentialRidge is added to the diagonal, per row that is fitted; features have
// a deviation of about 1.
const potentialRidge = 1e-4

var _ rewardBaseline = (*potential)(nil)

func newPotential(servers, features int) *potential {
	cols := 2*features + servers
	return &potential{
		servers: servers, features: features,
		weights: make([]float64, cols), before: make([]float64, cols), after: make([]float64, cols),
	}
}

// fit implements rewardBaseline. Where nothing can be solved for Phi stays what
// it was.
func (p *potential) fit(buffer *replay.Buffer, agent int, features *normalise.Features, rewards *normalise.Rewards, gamma float64) {
	n, cols := p.servers, len(p.weights)
	state := n * p.features
	a, c := mat.NewDense(cols, cols, nil), mat.NewVecDense(cols, nil)
	x, reward := make([]float32, 2*state), make([]float32, n)
	rows := 0
	for i := range buffer.Len() {
		ep := buffer.Episode(i)
		for t := range ep.Steps {
			entry := t*ep.Agents + agent
			next := entry + ep.Agents
			features.Apply(x[:state], ep.Obs[entry*state:(entry+1)*state])
			features.Apply(x[state:], ep.Obs[next*state:(next+1)*state])
			rewards.Apply(reward, ep.ServerRewards(t, agent))
			discount := gamma
			if ep.Terminated && t == ep.Steps-1 {
				discount = 0
			}
			for j := range n {
				p.regressors(p.before, x[:state], j)
				p.regressors(p.after, x[state:], j)
				p.addRow(a, c, float64(reward[j]), discount)
				rows++
			}
		}
	}
	for k := range cols {
		a.Set(k, k, a.At(k, k)+potentialRidge*float64(rows))
	}
	var w mat.VecDense
	var condition mat.Condition // a warning; the solution is there
	if err := w.SolveVec(a, c); err == nil || errors.As(err, &condition) {
		if v := w.RawVector().Data; finite(v) {
			copy(p.weights, v)
		}
	}
}

// addRow adds z (z - discount z')^T to a and z reward to c.
func (p *potential) addRow(a *mat.Dense, c *mat.VecDense, reward, discount float64) {
	raw := a.RawMatrix().Data
	rhs := c.RawVector().Data
	for k, z := range p.before {
		if z == 0 {
			continue // the other servers' constants
		}
		rhs[k] += z * reward
		row := raw[k*len(p.before):]
		for l, v := range p.before {
			row[l] += z * (v - discount*p.after[l])
		}
	}
}

// regressors writes those of server j in the state x [N,F].
func (p *potential) regressors(dst []float64, x []float32, j int) {
	f := p.features
	clear(dst)
	for k, v := range x {
		dst[f+k%f] += float64(v) / float64(p.servers)
	}
	for k, v := range x[j*f : (j+1)*f] {
		dst[k] = float64(v)
	}
	dst[2*f+j] = 1
}

// value is Phi_j(s) of the state x [N,F].
func (p *potential) value(x []float32, j int) float64 {
	p.regressors(p.before, x, j)
	sum := 0.0
	for k, w := range p.weights {
		sum += w * p.before[k]
	}
	return sum
}

// apply implements rewardBaseline.
func (p *potential) apply(r, before, behind, bootstrap []float32, gamma float64) {
	state := p.servers * p.features
	for i := range r {
		b, j := i/p.servers, i%p.servers
		r[i] -= float32(p.value(before[b*state:(b+1)*state], j))
		if bootstrap[b] != 0 {
			r[i] += float32(gamma * float64(bootstrap[b]) * p.value(behind[b*state:(b+1)*state], j))
		}
	}
}

// state implements rewardBaseline.
func (p *potential) state(c *snapshot.Codec) { c.Float64s(p.weights) }

func finite(x []float64) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}
