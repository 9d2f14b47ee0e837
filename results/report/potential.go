package report

import (
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/theory/potential"
)

// WriteSmallGamesText writes what Theorem 14 says of games that were solved.
func WriteSmallGamesText(w io.Writer, games []potential.SmallGame) error {
	t := figureTable{
		title:  "Theorem 14 in small games, solved exactly: two LBs, two servers of speeds 2:1, every pair of policies",
		header: []string{"game", "reward of an LB", "epsilon", "of the range %", "4-cycle", "raise own, lower all", "equilibria", "F best", "F at them, from", "to"},
		labels: 2,
		notes: []string{
			"Epsilon: by how much the change of a reward differs at most from that of F, the VBF of all loads (summed over the slots), when one LB alone deviates: 0 where F is a potential, as Theorem 14 says. Of the range: of F's greatest less its least value. 4-cycle: the greatest sum of changes around four deviations: 0 where there is any exact potential. Raise own, lower all: deviations that raise the LB's reward and lower F, of all that raise it.",
			"Slots: each LB gets a task with chance 0.4 and sends it by one of seven policies; the servers complete one with chance 0.6 and 0.3, or each of theirs by itself (tasks that do not wait). One step of fluid: each LB splits its work in twelve parts.",
		},
	}
	for _, g := range games {
		t.rows = append(t.rows, []string{g.Name, string(g.Reward), small(g.Epsilon), fixed(100*g.Epsilon/g.Range, 1), small(g.CycleDefect),
			fmt.Sprintf("%d of %d", g.Against, g.Raising), strconv.Itoa(g.Equilibria), small(g.Best), small(g.Worst), small(g.Most)})
	}
	return t.write(w)
}

// small formats a figure with three decimals, and rounding as 0.
func small(x float64) string {
	if x > -1e-9 && x < 1e-9 {
		return "0"
	}
	return fixed(x, 3)
}

// WritePropositionsText writes what became of propositions on random loads.
func WritePropositionsText(w io.Writer, servers int, checks []potential.Check) error {
	t := figureTable{
		title:  fmt.Sprintf("Propositions 12 and 13 on random loads of %d servers", servers),
		header: []string{"", "reading", "tried", "fails", "for example"},
		labels: 2,
		notes:  []string{"Fairest: of the greatest fairness; shortest: of the least makespan, max_j l_j. Tasks are placed whole, in the fairest and in the shortest of all ways."},
	}
	for _, c := range checks {
		t.rows = append(t.rows, []string{c.Proposition, c.Says, strconv.Itoa(c.Tried), strconv.Itoa(c.Failed), c.Example})
	}
	return t.write(w)
}

// LemmaRow is what Lemma 11 is in the episodes of a target.
type LemmaRow struct {
	Target string
	Lemma  potential.Lemma
}

// DeviationRow is what changes when one LB deviates from a target to another policy: means
// over episodes.
type DeviationRow struct {
	Target, Against string
	Mean            potential.Deviation
	Half            float64 // of the 95 % interval of epsilon
	Steps           int     // of an episode
}

// WritePotentialText writes what was recorded.
func WritePotentialText(w io.Writer, title string, lemmas []LemmaRow, deviations []DeviationRow) error {
	first := figureTable{
		title:  "Lemma 11. " + title,
		header: []string{"all follow", "F(l)", "F_i(l_i)", "2 cov", "printed is off by %", "mended, of the greatest F", "correlation"},
		labels: 1,
		notes:  []string{"Means over steps and load balancers (s^2). Printed: F(l) = F_i(l_i) + F_-i(l_-i), the sum of |error| over that of |F(l)|; mended: with - 2 cov, its greatest error. Of the correlation of own loads with the others' over the servers: part of the moments, and by how much the printed lemma is off at them (%)."},
	}
	if len(lemmas) > 0 {
		for _, g := range lemmas[0].Lemma.Correlated {
			first.header = append(first.header, fmt.Sprintf("%.1f to %.1f", g.Low, g.High))
		}
	}
	for _, r := range lemmas {
		l := r.Lemma
		row := []string{r.Target, fixed(l.Team, 4), fixed(l.Own, 4), fixed(l.Covariance, 4), fixed(100*l.Printed, 1), fmt.Sprintf("%.0e", l.Mended), fixed(l.Mean, 2)}
		for _, g := range l.Correlated {
			row = append(row, fmt.Sprintf("%.2f: %3.0f", g.Part, 100*g.Printed))
		}
		first.rows = append(first.rows, row)
	}
	if err := first.write(w); err != nil {
		return err
	}
	if len(deviations) == 0 {
		return nil
	}
	second := figureTable{
		title:  "\nTheorem 14. One load balancer deviates, on the same arrivals",
		header: []string{"all follow", "LB 0 to", "own reward", "F, all loads", "epsilon", "95 %", "of 2 cov", "of the others' F", "an episode", "same sign"},
		labels: 2,
		notes:  []string{"Changes of means over steps (s^2). Epsilon: the change of the own reward F_i less that of F; by the mended lemma it is the change of 2 cov, which the paper leaves out, less that of F_-i, which it takes for unchanged. An episode: epsilon times its steps, what an epsilon-approximate Markov potential game must at least allow. Same sign: whether the deviation is good or bad for both."},
	}
	for _, r := range deviations {
		same := "no"
		if r.Mean.Own*r.Mean.Team > 0 {
			same = "yes"
		}
		second.rows = append(second.rows, []string{r.Target, r.Against, fixed(r.Mean.Own, 4), fixed(r.Mean.Team, 4), fixed(r.Mean.Epsilon(), 4), "+- " + fixed(r.Half, 4),
			fixed(r.Mean.Covariance, 4), fixed(-r.Mean.Others, 4), fixed(r.Mean.Epsilon()*float64(r.Steps), 2), same})
	}
	return second.write(w)
}
