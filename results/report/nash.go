package report

import (
	"fmt"
	"io"
	"math"

	"fairlb/eval/theory/nash"
)

// WriteEquilibriaText writes the equilibria of small cases.
func WriteEquilibriaText(w io.Writer, list []*nash.Solved) error {
	t := figureTable{
		title:  "Two load balancers, two servers of speeds 4 and 1, weights from a list: pure equilibria, every pair of weights solved exactly",
		header: []string{"tasks go", "load", "judged by", "equilibria", "worst", "its time", "best pair", "its time", "anarchy", "stability", "SED's time", "gap there %", "lost"},
		labels: 3,
		notes: []string{
			"Times: the mean completion time of all tasks, s. Worst: the weights, fast over slow, of the two load balancers in the equilibrium of greatest time; best pair: of all pairs. Anarchy: the worst equilibrium's time over the best pair's; stability: the best equilibrium's.",
			"Own VBF: of the load balancer's own loads, tasks over speed. Gap: what one load balancer that is judged so gains, of what it has, if it alone leaves SED's weights (4). Lost: the part of tasks that the chain cut off.",
		},
	}
	for k, s := range list {
		if k > 0 {
			t.rows = append(t.rows, nil)
		}
		goes := map[nash.Rule]string{nash.Random: "at random, by weights", nash.Shortest: "to least (own + 1) / weight"}[s.Case.Rule]
		load := fmt.Sprintf("%g", s.Case.Load)
		for _, j := range []nash.Judge{nash.OwnTime, nash.OwnVBF, nash.EveryTime} {
			r := s.Under(j)
			worst, time := "none", ""
			if len(r.Equilibria) > 0 {
				worst, time = pairText(r.Equilibria[0].Ratios), fixed(r.Equilibria[0].Time, 4)
			}
			sed, gap := "", ""
			if r.SED > 0 {
				sed, gap = fixed(r.SED, 4), fixed(100*r.Gap, 1)
			}
			lost := ""
			if s.Lost > 0 {
				lost = fmt.Sprintf("%.0e", s.Lost)
			}
			t.rows = append(t.rows, []string{goes, load, string(j), fmt.Sprint(len(r.Equilibria)), worst, time, pairText(r.Best.Ratios), fixed(r.Best.Time, 4),
				priceText(r.Anarchy()), priceText(r.Stability()), sed, gap, lost})
			goes, load = "", ""
		}
	}
	return t.write(w)
}

// pairText is the weights of two load balancers.
func pairText(r [2]float64) string { return fmt.Sprintf("%.3g, %.3g", r[0], r[1]) }

// priceText is a price, if there is one.
func priceText(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return fixed(x, 4)
}

// Gain is by how much a time falls, in parts of it, with half its 95 % interval.
type Gain struct{ Mean, Half float64 }

func (g Gain) text() string { return fmt.Sprintf("%+.1f +- %.1f", 100*g.Mean, 100*g.Half) }

// Gap is what comes of it that one load balancer answers the others.
type Gap struct{ Own, Others, Team Gain }

// GapRow is the gaps of one target.
type GapRow struct {
	Target string
	Mean   float64 // s, of all requests, all following the target
	ByLB   []Gap
	Team   Gain // all tilted together, judged by the team
}

// WriteGapsText writes the Nash gaps that searches have found.
func WriteGapsText(w io.Writer, title string, rows []GapRow) error {
	t := figureTable{
		title:  "Nash gaps. " + title,
		header: []string{"all follow", "mean s", "LB", "it gains %", "the others gain %", "all gain %", "all tilted, judged by all, gain %"},
		labels: 1,
		notes: []string{"Gains in mean completion time on held-out seeds, of what it is when all follow the target, paired, with 95 % intervals. One load balancer tilts its weights, a number a server, by what a search found that was judged by its own requests; the others follow the target as before, and see what comes of it. It is a lower bound of the Nash gap: other responses may be better. Last: what a search finds that tilts all and is judged by all requests; where that is more than 0 and no load balancer gains alone, the equilibrium costs so much.",
			"A gain below 0 says that the search has not found what holds on other seeds."},
	}
	for _, r := range rows {
		for i, g := range r.ByLB {
			row := []string{"", "", fmt.Sprint(i), g.Own.text(), g.Others.text(), g.Team.text(), ""}
			if i == 0 {
				row[0], row[1], row[6] = r.Target, fixed(r.Mean, 4), r.Team.text()
			}
			t.rows = append(t.rows, row)
		}
	}
	return t.write(w)
}
