package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/jointplay"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/eval"
	"fairlb/eval/theory/nash"
	"fairlb/results/report"
	"fairlb/results/text"
)

// nashSettings are the flags of `fairlb theory nash`.
type nashSettings struct {
	scenario, seeds string
	set             []string
	duration        float64
	loads, ratios   []float64
	most            int
	rounds, pairs   int
	seed            uint64
}

func (a *app) theoryNashCommand() *cobra.Command {
	x := nashSettings{scenario: "misweighted/1.0", seeds: "1000-1039", duration: 60, loads: []float64{0.3, 0.5, 0.7}, most: 28, rounds: 40, pairs: 16, seed: 1}
	c := &cobra.Command{
		Use:   "nash [TARGET...]",
		Short: "What load balancers lose that each look after their own: equilibria and Nash gaps",
		Long: `Without a TARGET: two load balancers that share two servers of speeds 4 and 1 choose
weights from a list. Every pair is solved exactly; printed are the pure equilibria of
load balancers judged by the time of their own requests, by the VBF of their own loads
and by the time of all, beside the best pair.

With TARGETs (lsq, sed, a run's folder or a checkpoint): each load balancer in turn
searches a better response to the others, which stay as they are, by an evolution
strategy on paired workloads: a tilt, which raises the logarithms of its weights by a
number a server. What it gains on held-out seeds is a lower bound of the Nash gap. Then
all are tilted together, judged by the team.`,
		Example: "  fairlb theory nash sed runs/demo --scenario misweighted/1.0",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.smallEquilibria(x)
			}
			return a.nashGaps(c, args, x)
		},
	}
	c.Flags().Float64SliceVar(&x.loads, "loads", x.loads, "loads of the two servers")
	c.Flags().Float64SliceVar(&x.ratios, "ratios", nil, "weights of the fast server over the slow one that may be chosen (default a list for each rule)")
	c.Flags().IntVar(&x.most, "most", x.most, "tasks in the system at once that are told apart; more are lost, and the table says how many")
	c.Flags().StringVar(&x.scenario, "scenario", x.scenario, "built-in scenario or scenario file")
	c.Flags().StringArrayVar(&x.set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&x.seeds, "seeds", x.seeds, "held-out seeds, on which gains are measured")
	c.Flags().Float64Var(&x.duration, "duration", x.duration, "s of arrivals in an episode")
	c.Flags().IntVar(&x.rounds, "rounds", x.rounds, "rounds of a search")
	c.Flags().IntVar(&x.pairs, "pairs", x.pairs, "pairs of tilts in a round, each on a workload of its own")
	c.Flags().Uint64Var(&x.seed, "seed", x.seed, "seed of the search")
	return c
}

// smallEquilibria prints what is solved exactly.
func (a *app) smallEquilibria(x nashSettings) error {
	var list []*nash.Solved
	if x.most > 40 {
		return invalid.Errorf("--most %d: must be in [1, 40]", x.most)
	}
	for _, rule := range []nash.Rule{nash.Random, nash.Shortest} {
		for _, load := range x.loads {
			c := nash.Case{Speeds: [2]float64{4, 1}, Load: load, Shares: [2]float64{0.5, 0.5}, Rule: rule, Ratios: nash.Ratios(rule), Most: x.most}
			if x.ratios != nil {
				c.Ratios = x.ratios
			}
			s, err := c.Solve()
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			list = append(list, s)
		}
	}
	return report.WriteEquilibriaText(a.stdout, list)
}

// nashGaps searches and prints.
func (a *app) nashGaps(c *cobra.Command, names []string, x nashSettings) error {
	seeds, err := eval.ParseSeeds(x.seeds)
	switch {
	case err != nil:
		return invalid.Errorf("--seeds: %w", err)
	case len(seeds) < 2:
		return invalid.Errorf("--seeds %s: must be at least 2", x.seeds)
	case x.rounds < 2 || x.rounds > 100_000:
		return invalid.Errorf("--rounds %d: must be in [2, 100000]", x.rounds)
	case x.pairs < 1 || x.pairs > 100_000:
		return invalid.Errorf("--pairs %d: must be in [1, 100000]", x.pairs)
	}
	s, err := loadOfDuration(x.scenario, x.set, x.duration, c.Flags().Changed("duration"))
	if err != nil {
		return err
	}
	targets, err := parsePolicies(s, names)
	if err != nil {
		return err
	}
	e := s.Estimate(true)
	e.Add(estimate.Events, "the searches", []string{"--rounds", "--pairs", "--seeds"}, e.Total(estimate.Events), float64(len(targets)), float64(s.LBs+1), float64(2*x.rounds*x.pairs+len(seeds)))
	if err := bounds.Check(e); err != nil {
		return err
	}
	labels := text.Labels(names)
	var rows []report.GapRow
	for k, t := range targets {
		searcher := gapSearch{player: &jointplay.Player{Scenario: s}, policy: t, settings: x, seeds: seeds}
		row, err := searcher.row(c.Context())
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		row.Target = labels[k]
		rows = append(rows, row)
		a.log.WithField("target", labels[k]).Info("searched")
	}
	title := fmt.Sprintf("%s: %s of %g s, %d load balancers; searches of %d rounds of %d pairs", s.Name, text.Count(len(seeds), "held-out episode"), s.Duration, s.LBs, x.rounds, x.pairs)
	return report.WriteGapsText(a.stdout, title, rows)
}

// gapSearch looks for the Nash gap of one policy.
type gapSearch struct {
	player   *jointplay.Player
	policy   jointplay.Policy
	settings nashSettings
	seeds    []uint64 // held out
}

// trainingSeed has the highest bit set, which no evaluation seed has.
const trainingSeed = 1 << 63

// row searches a tilt of each LB, judged by itself, and one of all, judged by the team.
func (g *gapSearch) row(ctx context.Context) (report.GapRow, error) {
	lbs := g.player.Scenario.LBs
	base, err := g.measure(ctx, nil)
	if err != nil {
		return report.GapRow{}, err
	}
	row := report.GapRow{Mean: stat.Mean(all(base), nil)}
	for lb := range lbs {
		tilts, err := g.search(ctx, []int{lb}, func(t jointplay.Times) float64 { return t.ByLB[lb] })
		if err != nil {
			return report.GapRow{}, err
		}
		after, err := g.measure(ctx, tilts)
		if err != nil {
			return report.GapRow{}, err
		}
		var own, others [2][]float64
		for k, episodes := range [2][]jointplay.Times{base, after} {
			for _, t := range episodes {
				own[k] = append(own[k], t.ByLB[lb])
				rest := 0.0
				for i, x := range t.ByLB {
					if i != lb {
						rest += x / float64(lbs-1)
					}
				}
				others[k] = append(others[k], rest)
			}
		}
		gap := report.Gap{Own: gain(own[0], own[1]), Team: gain(all(base), all(after))}
		if lbs > 1 {
			gap.Others = gain(others[0], others[1])
		}
		row.ByLB = append(row.ByLB, gap)
	}
	every := make([]int, lbs)
	for i := range every {
		every[i] = i
	}
	tilts, err := g.search(ctx, every, func(t jointplay.Times) float64 { return t.All })
	if err != nil {
		return report.GapRow{}, err
	}
	after, err := g.measure(ctx, tilts)
	if err != nil {
		return report.GapRow{}, err
	}
	row.Team = gain(all(base), all(after))
	return row, nil
}

// search returns the tilts that a search finds for some LBs, judged by cost.
func (g *gapSearch) search(ctx context.Context, lbs []int, cost func(jointplay.Times) float64) ([][]float64, error) {
	spec := g.player.Scenario.Spec()
	tilts := func(place []float64) [][]float64 {
		list := make([][]float64, spec.Agents)
		for k, i := range lbs {
			list[i] = place[k*spec.Servers : (k+1)*spec.Servers]
		}
		return list
	}
	n := len(lbs) * spec.Servers
	// Sigma and the first step are of weights that differ by a tenth to a quarter.
	s := nash.Search{Rounds: g.settings.rounds, Pairs: g.settings.pairs, Sigma: 0.2, Step: 0.3}
	place, err := s.Run(n, rand.New(env.Stream(g.settings.seed, fmt.Sprintf("nash/%v", lbs))), func(place []float64, pair int) (float64, error) {
		t, err := g.player.PlayTilted(ctx, g.policy, tilts(place), trainingSeed|g.settings.seed<<32|uint64(pair))
		if err != nil {
			return 0, err
		}
		return cost(t), nil
	})
	if err != nil {
		return nil, err
	}
	return tilts(place), nil
}

// measure plays the held-out seeds.
func (g *gapSearch) measure(ctx context.Context, tilts [][]float64) ([]jointplay.Times, error) {
	var list []jointplay.Times
	for _, seed := range g.seeds {
		t, err := g.player.PlayTilted(ctx, g.policy, tilts, seed)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// all returns the mean times of all requests, by episode.
func all(list []jointplay.Times) []float64 {
	var out []float64
	for _, t := range list {
		out = append(out, t.All)
	}
	return out
}

// gain is by how much times fall from before to after, pair by pair, in parts of the
// mean before, with the 95 % interval.
func gain(before, after []float64) report.Gain {
	mean := stat.Mean(before, nil)
	var list []float64
	for k := range before {
		list = append(list, (before[k]-after[k])/mean)
	}
	m, sd := stat.MeanStdDev(list, nil)
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(len(list) - 1)}
	return report.Gain{Mean: m, Half: student.Quantile(0.975) * sd / math.Sqrt(float64(len(list)))}
}
