package nash

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"fairlb/eval/theory/game"
	"fairlb/eval/theory/markov"
)

// Rule is what the LBs do with their weights.
type Rule string

// The rules.
const (
	Random   Rule = "random"   // each task at random, by the weights: WCMP
	Shortest Rule = "shortest" // to the least (own tasks + 1) / weight: SED
)

// Judge is what an LB is judged by.
type Judge string

// The judges.
const (
	OwnTime   Judge = "own time"    // the mean completion time of its own tasks
	OwnVBF    Judge = "own VBF"     // the variance-based fairness of its own loads, tasks over speed (Distr-LB's reward)
	EveryTime Judge = "time of all" // the mean completion time of all tasks
)

// Case is two LBs that share two servers of one processor each.
type Case struct {
	Speeds [2]float64 // tasks/s
	Load   float64    // of the servers together
	Shares [2]float64 // of the traffic, by LB; equal where the rule is Shortest
	Rule   Rule
	Ratios []float64 // weights of the first server over the second that an LB may choose
	Most   int       // tasks in the system at once that the chain knows of
}

// Ratios are the weights that an LB may choose by default, for servers of speeds 4 and
// 1: tasks sent at random are best sent to the fast server alone at low load.
func Ratios(r Rule) []float64 {
	if r == Random {
		return []float64{1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 24, 32, 64}
	}
	return []float64{1, 4. / 3, 1.5, 2, 2.5, 3, 4, 5, 6, 8}
}

// ErrCase reports a case that cannot be solved.
var ErrCase = errors.New("nash: a case that cannot be solved")

func (c *Case) validate() error {
	positive := func(x float64) bool { return x > 0 && !math.IsInf(x, 1) }
	switch {
	case !positive(c.Speeds[0]) || !positive(c.Speeds[1]) || !(c.Load > 0 && c.Load < 1):
		return fmt.Errorf("%w: speeds %g and load %g: must be positive, the load less than 1", ErrCase, c.Speeds, c.Load)
	case c.Rule != Random && c.Rule != Shortest:
		return fmt.Errorf("%w: rule %q: must be random or shortest", ErrCase, c.Rule)
	case !positive(c.Shares[0]) || !positive(c.Shares[1]) || math.Abs(c.Shares[0]+c.Shares[1]-1) > 1e-9:
		return fmt.Errorf("%w: shares %g: must be positive and sum to 1", ErrCase, c.Shares)
	case c.Rule == Shortest && c.Shares[0] != c.Shares[1]:
		return fmt.Errorf("%w: shares %g: must be equal where tasks go to the shortest queue", ErrCase, c.Shares)
	case len(c.Ratios) == 0 || slices.ContainsFunc(c.Ratios, func(r float64) bool { return !positive(r) }):
		return fmt.Errorf("%w: weights %g: must be some, positive", ErrCase, c.Ratios)
	}
	return nil
}

// Solved is a case of which every pair of weights was solved.
type Solved struct {
	Case Case
	Time []float64 // by profile, the mean completion time of all tasks (s); +Inf where a server is overloaded
	Lost float64   // the greatest part of tasks that a chain lost at its cut
	of   map[Judge][][]float64
}

// outcome is what two LBs get from a pair of weights.
type outcome struct {
	time [2]float64 // the mean completion time of their tasks
	vbf  [2]float64 // of their loads, the mean over time
	lost float64
}

// Solve solves every pair of weights.
func (c *Case) Solve() (*Solved, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	n := len(c.Ratios)
	s := &Solved{Case: *c, of: map[Judge][][]float64{}}
	for _, j := range []Judge{OwnTime, OwnVBF, EveryTime} {
		s.of[j] = [][]float64{make([]float64, n*n), make([]float64, n*n)}
	}
	s.Time = make([]float64, n*n)
	for a := range n {
		for b := range n {
			if b < a && c.Shares[0] == c.Shares[1] { // the LBs change places
				s.mirror(a*n+b, b*n+a)
				continue
			}
			o, err := c.pair(c.Ratios[a], c.Ratios[b])
			if err != nil {
				return nil, fmt.Errorf("weights %g and %g: %w", c.Ratios[a], c.Ratios[b], err)
			}
			s.fill(a*n+b, o)
		}
	}
	return s, nil
}

// fill enters an outcome.
func (s *Solved) fill(profile int, o outcome) {
	w := s.Case.Shares
	s.Time[profile] = w[0]*o.time[0] + w[1]*o.time[1]
	s.Lost = max(s.Lost, o.lost)
	for i := range 2 {
		s.of[OwnTime][i][profile] = -o.time[i]
		s.of[OwnVBF][i][profile] = o.vbf[i]
		s.of[EveryTime][i][profile] = -s.Time[profile]
	}
}

// mirror enters what holds with the LBs' places changed.
func (s *Solved) mirror(profile, from int) {
	s.Time[profile] = s.Time[from]
	for _, payoffs := range s.of {
		payoffs[0][profile], payoffs[1][profile] = payoffs[1][from], payoffs[0][from]
	}
}

// pair solves one pair of weights.
func (c *Case) pair(first, second float64) (outcome, error) {
	if c.Rule == Random {
		return c.random([2]float64{first, second}), nil
	}
	system := &markov.System{
		Servers: []markov.Server{{Processors: 1, Speed: c.Speeds[0]}, {Processors: 1, Speed: c.Speeds[1]}}, LBs: 2,
		Rate: c.Load * (c.Speeds[0] + c.Speeds[1]), Most: c.Most,
	}
	rules := []markov.Dispatch{markov.ShortestDelay([]float64{first, 1}, markov.Fair), markov.ShortestDelay([]float64{second, 1}, markov.Fair)}
	system.Dispatch = func(lb int, own []int, chance []float64) { rules[lb](lb, own, chance) }
	solution, means, err := system.SolveMeasured(4, func(dst []float64, tasks []int) {
		for i := range 2 {
			a, b := float64(tasks[2*i]), float64(tasks[2*i+1])
			dst[i] = a + b
			d := a/c.Speeds[0] - b/c.Speeds[1]
			dst[2+i] = -d * d / 4
		}
	})
	if err != nil {
		return outcome{}, err
	}
	rate := system.Rate / 2 * (1 - solution.Lost)
	return outcome{[2]float64{means[0] / rate, means[1] / rate}, [2]float64{means[2], means[3]}, solution.Lost}, nil
}

// random is M/M/1 at each server. Of the tasks there, a geometric number, each is an
// LB's with the chance that the LB's part of the server's traffic gives.
func (c *Case) random(ratios [2]float64) outcome {
	var o outcome
	rate := c.Load * (c.Speeds[0] + c.Speeds[1])
	var sent [2][2]float64 // by LB and server, tasks/s
	for i, r := range ratios {
		sent[i] = [2]float64{rate * c.Shares[i] * r / (1 + r), rate * c.Shares[i] / (1 + r)}
	}
	var mean, second [2][2]float64 // by LB and server, of the LB's tasks
	for j, v := range c.Speeds {
		all := sent[0][j] + sent[1][j]
		if all >= v {
			for i := range 2 {
				o.time[i], o.vbf[i] = math.Inf(1), math.Inf(-1)
			}
			return o
		}
		for i := range 2 {
			// Tasks of the LB are geometric, too: thinning keeps the family.
			n := sent[i][j] / (v - all)
			mean[i][j], second[i][j] = n, n+2*n*n
		}
	}
	for i := range 2 {
		o.time[i] = (mean[i][0] + mean[i][1]) / (rate * c.Shares[i])
		a, b := c.Speeds[0], c.Speeds[1]
		o.vbf[i] = -(second[i][0]/a/a + second[i][1]/b/b - 2*mean[i][0]*mean[i][1]/a/b) / 4
	}
	return o
}

// Equilibrium is two LBs' weights of which neither gains by others alone.
type Equilibrium struct {
	Ratios [2]float64
	Time   float64 // the mean completion time of all tasks (s)
}

// Result is what comes of a judge.
type Result struct {
	Judge      Judge
	Equilibria []Equilibrium // worst first; none: no pure ones
	Best       Equilibrium   // the least mean completion time of all
	SED        float64       // the mean completion time where both have weights as the speeds
	Gap        float64       // what one LB gains from there alone, in parts of what it has; 0 if the weights are not in the list
}

// Anarchy is the price of anarchy: the worst equilibrium's time over the best; NaN
// without an equilibrium.
func (r *Result) Anarchy() float64 {
	if len(r.Equilibria) == 0 {
		return math.NaN()
	}
	return r.Equilibria[0].Time / r.Best.Time
}

// Stability is the price of stability: the best equilibrium's time over the best.
func (r *Result) Stability() float64 {
	if len(r.Equilibria) == 0 {
		return math.NaN()
	}
	return r.Equilibria[len(r.Equilibria)-1].Time / r.Best.Time
}

// tolerance is a gain, in parts of a payoff, that is none: chains are solved to 1e-12.
const tolerance = 1e-9

// Under returns what comes of LBs that are judged so.
func (s *Solved) Under(j Judge) Result {
	c := &s.Case
	n := len(c.Ratios)
	g := &game.Game{Choices: []int{n, n}, Payoff: [][]float64{finite(s.of[j][0]), finite(s.of[j][1])}}
	at := func(p int) Equilibrium {
		return Equilibrium{[2]float64{c.Ratios[g.Choice(p, 0)], c.Ratios[g.Choice(p, 1)]}, s.Time[p]}
	}
	r := Result{Judge: j, Best: at(0)}
	for p := range s.Time {
		if s.Time[p] < r.Best.Time {
			r.Best = at(p)
		}
	}
	for _, p := range g.Equilibria(tolerance) {
		if !math.IsInf(s.Time[p], 1) {
			r.Equilibria = append(r.Equilibria, at(p))
		}
	}
	slices.SortStableFunc(r.Equilibria, func(a, b Equilibrium) int {
		switch {
		case a.Time > b.Time:
			return -1
		case a.Time < b.Time:
			return 1
		}
		return 0
	})
	if k := slices.Index(c.Ratios, c.Speeds[0]/c.Speeds[1]); k >= 0 {
		p := k*n + k
		r.SED = s.Time[p]
		r.Gap = g.Gap(p) / math.Abs(g.Payoff[0][p])
	}
	return r
}

// finite replaces an infinite loss by one that is greater than any other.
func finite(list []float64) []float64 {
	out := slices.Clone(list)
	for k, x := range out {
		if math.IsInf(x, -1) {
			out[k] = -1e300
		}
	}
	return out
}
