package qmix

import (
	"math"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// utility is a form of an LB's utility (Config.Utility): what a network gives for
// each server, the servers' parts of the utility that are made of it, and the best
// levels under it. N is the number of servers, R of states.
type utility interface {
	// columns is the number of the network's outputs per server.
	columns() int
	// bias is their first bias, at which the best level of every server is
	// the one nearest to 0: an untrained policy treats servers alike.
	bias() []float32
	// part computes a server's part of the utility, from outputs [R*N,columns]
	// and actions [R*N,1] -> [R*N,1].
	part() nn.Kernel
	// scale is what the sum of the parts is multiplied by to give the utility.
	scale() float32
	// encode returns the action that stands for a log-weight in part's input.
	encode(u float32) float32
	// chooser returns what finds the best levels. Each has its own memory.
	chooser() chooser
	// value returns the utility of one state's outputs [N,columns] and actions
	// [N], and the part of it that is due to the actions: their advantage.
	value(outputs, action []float32) (utility, advantage float64)
}

// chooser writes the indices of the best levels to dst [N], given one state's
// outputs [N,columns].
type chooser interface {
	choose(dst, outputs []float32)
}

// newUtility returns the form that the configuration names.
func newUtility(cfg *Config, servers int) utility {
	if cfg.Utility == Quadratic {
		return &quadraticForm{levels: cfg.Levels, servers: servers}
	}
	return &levelsForm{levels: cfg.Levels}
}

// levelsForm is the utility that is the sum over servers of a value of the level
// that is chosen for it.
type levelsForm struct{ levels policy.Levels }

var (
	_ utility = (*levelsForm)(nil)
	_ chooser = (*levelsForm)(nil)
)

// firstBias is the first bias of the value of the level nearest to 0.
const firstBias = 0.02

func (f *levelsForm) columns() int { return len(f.levels) }

func (f *levelsForm) bias() []float32 { return f.levels.Bias(firstBias) }

func (f *levelsForm) part() nn.Kernel { return new(nn.Gather) }

func (f *levelsForm) scale() float32 { return 1 }

func (f *levelsForm) encode(u float32) float32 { return float32(f.levels.Nearest(float64(u))) }

func (f *levelsForm) chooser() chooser { return f }

func (f *levelsForm) choose(dst, outputs []float32) {
	k := len(f.levels)
	for j := range dst {
		dst[j] = float32(policy.Argmax(outputs[j*k : (j+1)*k]))
	}
}

// value implements utility. The advantage of a level is what it is worth above the
// mean of the server's levels.
func (f *levelsForm) value(outputs, action []float32) (utility, advantage float64) {
	k := len(f.levels)
	for j, level := range action {
		row := outputs[j*k : (j+1)*k]
		utility += float64(row[int(level)])
		advantage += float64(row[int(level)]) - nn.Mean(row)
	}
	return utility, advantage
}

// quadraticForm is the utility that is the mean over servers of parts that are
// concave in the servers' log-weights (kernel quadratic).
type quadraticForm struct {
	levels  policy.Levels
	servers int
}

var _ utility = (*quadraticForm)(nil)

// firstCurvature is the first value of what softplus makes curvatures of.
const firstCurvature = -1

func (f *quadraticForm) columns() int { return quadraticColumns }

func (f *quadraticForm) bias() []float32 {
	bias := make([]float32, quadraticColumns)
	bias[curvatureColumn] = firstCurvature
	return bias
}

func (f *quadraticForm) part() nn.Kernel { return &quadratic{servers: f.servers} }

func (f *quadraticForm) scale() float32 { return 1 / float32(f.servers) }

func (f *quadraticForm) encode(u float32) float32 { return u }

func (f *quadraticForm) chooser() chooser {
	return &nearestToPeak{levels: f.levels, peak: make([]float32, f.servers), w: make([]float32, f.servers)}
}

// value implements utility. The advantage is what is above the V of the servers. It
// allocates.
func (f *quadraticForm) value(outputs, action []float32) (utility, advantage float64) {
	n := float64(f.servers)
	w, centre := make([]float32, f.servers), 0.0
	sharesOf(w, outputs)
	for j, u := range action {
		centre += float64(w[j]) * float64(u)
	}
	for j, u := range action {
		row, d := outputs[j*quadraticColumns:], float64(u)-centre
		utility += float64(row[valueColumn]) / n
		advantage += d * (float64(row[slopeColumn]) - curvature(row[curvatureColumn])*d/2) / n
	}
	return utility + advantage, advantage
}

// moments add up a sample and its squares.
type moments struct{ n, sum, square float64 }

func (m *moments) add(x float64) {
	m.n++
	m.sum += x
	m.square += x * x
}

func (m *moments) variance() float64 {
	mean := m.sum / m.n
	return max(0, m.square/m.n-mean*mean)
}

// actionStatistics returns what the choice of levels is worth in a batch, as means
// over LBs: share, the variance of the advantage as a part of that of the utility,
// and spread, by how much the best levels are above those that were taken, in
// standard deviations of the utility.
func (n *networks) actionStatistics(j jointValue, mask []float32) (share, spread float64) {
	servers, cols, lbs := n.shape.Servers, n.utility.columns(), float64(len(j.out))
	chooser, top := n.utility.chooser(), make([]float32, servers)
	for i, out := range j.out {
		var utility, advantage, gain moments
		for r, m := range mask {
			if m == 0 {
				continue
			}
			x := out.Data()[r*servers*cols : (r+1)*servers*cols]
			q, a := n.utility.value(x, j.action[i].Data()[r*servers:(r+1)*servers])
			chooser.choose(top, x)
			n.encodeLevels(top)
			most, _ := n.utility.value(x, top)
			utility.add(q)
			advantage.add(a)
			gain.add(most - q)
		}
		if v := utility.variance(); v > 0 {
			share += advantage.variance() / v / lbs
			spread += gain.sum / gain.n / math.Sqrt(v) / lbs
		}
	}
	return share, spread
}

// encodeLevels turns indices of levels, in place, into actions of part's input.
func (n *networks) encodeLevels(level []float32) {
	for j, k := range level {
		level[j] = n.utility.encode(float32(n.cfg.Levels[int(k)]))
	}
}
