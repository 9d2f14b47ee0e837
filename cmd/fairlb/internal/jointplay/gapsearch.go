package jointplay

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
	"fairlb/eval"
	"fairlb/eval/theory/nash"
	"fairlb/results/report"
)

// GapSearch looks for the Nash gap of one policy that all LBs follow: by how much an LB
// alone could make its own requests faster, as far as a search finds.
type GapSearch struct {
	Player *Player
	Policy Policy

	Rounds, Pairs int      // of a search (nash.Search)
	Seed          uint64   // of the searches
	HeldOut       []uint64 // seeds of the episodes on which gains are measured
}

// trainingSeed has the highest bit set, which no evaluation seed has.
const trainingSeed = 1 << 63

// Row searches a tilt of each LB, judged by itself, and one of all, judged by the team.
func (g *GapSearch) Row(ctx context.Context) (report.GapRow, error) {
	lbs := g.Player.Scenario.LBs
	base, err := g.measure(ctx, nil)
	if err != nil {
		return report.GapRow{}, err
	}
	row := report.GapRow{Mean: stat.Mean(allTimes(base), nil)}
	for lb := range lbs {
		tilts, err := g.search(ctx, []int{lb}, func(t Times) float64 { return t.ByLB[lb] })
		if err != nil {
			return report.GapRow{}, err
		}
		after, err := g.measure(ctx, tilts)
		if err != nil {
			return report.GapRow{}, err
		}
		var own, others [2][]float64
		for k, episodes := range [2][]Times{base, after} {
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
		gap := report.Gap{Own: gain(own[0], own[1]), Team: gain(allTimes(base), allTimes(after))}
		if lbs > 1 {
			gap.Others = gain(others[0], others[1])
		}
		row.ByLB = append(row.ByLB, gap)
	}
	every := make([]int, lbs)
	for i := range every {
		every[i] = i
	}
	tilts, err := g.search(ctx, every, func(t Times) float64 { return t.All })
	if err != nil {
		return report.GapRow{}, err
	}
	after, err := g.measure(ctx, tilts)
	if err != nil {
		return report.GapRow{}, err
	}
	row.Team = gain(allTimes(base), allTimes(after))
	return row, nil
}

// search returns the tilts that a search finds for some LBs, judged by cost.
func (g *GapSearch) search(ctx context.Context, lbs []int, cost func(Times) float64) ([][]float64, error) {
	spec := g.Player.Scenario.Spec()
	tilts := func(place []float64) [][]float64 {
		list := make([][]float64, spec.Agents)
		for k, i := range lbs {
			list[i] = place[k*spec.Servers : (k+1)*spec.Servers]
		}
		return list
	}
	n := len(lbs) * spec.Servers
	// Sigma and the first step are of weights that differ by a tenth to a quarter.
	s := nash.Search{Rounds: g.Rounds, Pairs: g.Pairs, Sigma: 0.2, Step: 0.3}
	place, err := s.Run(n, rand.New(env.Stream(g.Seed, fmt.Sprintf("nash/%v", lbs))), func(place []float64, pair int) (float64, error) {
		t, err := g.Player.PlayTilted(ctx, g.Policy, tilts(place), trainingSeed|g.Seed<<32|uint64(pair))
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
func (g *GapSearch) measure(ctx context.Context, tilts [][]float64) ([]Times, error) {
	var list []Times
	for _, seed := range g.HeldOut {
		t, err := g.Player.PlayTilted(ctx, g.Policy, tilts, seed)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// allTimes returns the mean times of all requests, by episode.
func allTimes(list []Times) []float64 {
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
	m, _, high := eval.MeanInterval(list)
	return report.Gain{Mean: m, Half: high - m}
}
