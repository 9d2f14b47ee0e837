package potential

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// PBF is the product-based fairness in its scale-free form, prod_j (l_j / max_k l_k).
func PBF(l []float64) float64 {
	top, product := slices.Max(l), 1.0
	if top == 0 {
		return 1
	}
	for _, x := range l {
		product *= x / top
	}
	return product
}

// PrintedPBF is eq. 29 as it is printed, prod_j l_j / max_k l_k.
func PrintedPBF(l []float64) float64 {
	top, product := slices.Max(l), 1.0
	if top == 0 {
		return 0
	}
	for _, x := range l {
		product *= x
	}
	return product / top
}

// Check is a reading of a proposition that was tried on random loads.
type Check struct {
	Proposition string // its number, and the fairness that it is about
	Says        string // shortest is of least makespan
	Tried       int
	Failed      int
	Example     string // of a failure
}

// fairness is a fairness function, and the number of the proposition that is about it.
type fairness struct {
	name string
	of   func([]float64) float64
}

func fairnesses() []fairness {
	return []fairness{{"12, VBF", VBF}, {"13, PBF printed", PrintedPBF}, {"13, PBF scale-free", PBF}}
}

// margin is a difference that is not rounding, of loads of about 1.
const margin = 1e-9

// Propositions tries Propositions 12 and 13 and their converses on random loads of
// servers servers, tries times each.
func Propositions(servers, tries int, rng *rand.Rand) []Check {
	var list []Check
	for _, f := range fairnesses() {
		list = append(list, f.free(servers, tries, rng), f.order(servers, tries, rng), f.unequalTotals(servers, tries, rng))
		list = append(list, f.tasks(servers, tries, rng)...)
	}
	return append(list, sevenTasks(), oneBalancer(servers, tries, rng))
}

// random returns loads that sum to total, even on the simplex.
func random(servers int, total float64, rng *rand.Rand) []float64 {
	l := make([]float64, servers)
	for j := range l {
		l[j] = rng.ExpFloat64()
	}
	floats.Scale(total/floats.Sum(l), l)
	return l
}

// fail counts a failure and keeps the first one's example.
func (c *Check) fail(format string, args ...any) {
	if c.Failed++; c.Failed == 1 {
		c.Example = fmt.Sprintf(format, args...)
	}
}

// free: where work can be split freely, equal loads are fairest and have the least
// makespan, and nothing else is as fair or has as little.
func (f *fairness) free(servers, tries int, rng *rand.Rand) Check {
	c := Check{Proposition: f.name, Says: "loads of one sum: equal ones alone are fairest, and shortest", Tried: tries}
	equal := make([]float64, servers)
	for j := range equal {
		equal[j] = 1 / float64(servers)
	}
	for range tries {
		if l := random(servers, 1, rng); f.of(l) >= f.of(equal) || slices.Max(l) <= slices.Max(equal) {
			c.fail("%.3f", l)
		}
	}
	return c
}

// order: of two loads of one sum, the fairer one has the lesser makespan.
func (f *fairness) order(servers, tries int, rng *rand.Rand) Check {
	c := Check{Proposition: f.name, Says: "two loads of one sum: the fairer is shorter", Tried: tries}
	for range tries {
		a, b := random(servers, 1, rng), random(servers, 1, rng)
		if f.of(a) < f.of(b) {
			a, b = b, a
		}
		if slices.Max(a) > slices.Max(b)+margin {
			c.fail("%.2f is fairer than %.2f", a, b)
		}
	}
	return c
}

// unequalTotals: of two loads, the fairer one has the lesser makespan, though their
// sums differ, as where work moves between servers of different speeds.
func (f *fairness) unequalTotals(servers, tries int, rng *rand.Rand) Check {
	c := Check{Proposition: f.name, Says: "two loads of any sum: the fairer is shorter", Tried: tries}
	for range tries {
		a, b := random(servers, rng.Float64(), rng), random(servers, rng.Float64(), rng)
		if f.of(a) < f.of(b) {
			a, b = b, a
		}
		if slices.Max(a) > slices.Max(b)+margin {
			c.fail("%.2f is fairer than %.2f", a, b)
		}
	}
	return c
}

// tasksOfCheck is the number of tasks that tasks places.
const tasksOfCheck = 6

// tasks: where whole tasks are placed on equal servers, and on servers of different
// speeds, the fairest placement has the least makespan; and the converse on equal ones.
func (f *fairness) tasks(servers, tries int, rng *rand.Rand) []Check {
	equal := Check{Proposition: f.name, Says: "6 tasks, equal servers: fairest is shortest"}
	converse := Check{Proposition: f.name, Says: "6 tasks, equal servers: shortest is fairest"}
	speeds := Check{Proposition: f.name, Says: "6 tasks, speeds 2 and 1: fairest is shortest"}
	tries = max(1, tries/50) // each looks at all placements
	for range tries {
		tasks := make([]float64, tasksOfCheck)
		for k := range tasks {
			tasks[k] = rng.ExpFloat64()
		}
		for _, fast := range []float64{1, 2} {
			v := make([]float64, servers)
			for j := range v {
				v[j] = 1
				if j < (servers+1)/2 {
					v[j] = fast
				}
			}
			fairest, shortest := f.best(tasks, v)
			if fast == 2 {
				speeds.Tried++
				if slices.Max(fairest) > slices.Max(shortest)+margin {
					speeds.fail("fairest %.2f, shortest %.2f", fairest, shortest)
				}
				continue
			}
			equal.Tried++
			converse.Tried++
			if slices.Max(fairest) > slices.Max(shortest)+margin {
				equal.fail("fairest %.2f, shortest %.2f", fairest, shortest)
			}
			if f.of(shortest) < f.of(fairest)-margin {
				converse.fail("shortest %.2f, fairest %.2f", shortest, fairest)
			}
		}
	}
	return []Check{equal, converse, speeds}
}

// sevenTasks is an instance, found by search, in which the fairest placement of tasks on
// equal servers has not the least makespan; among random tasks such are one in a thousand.
func sevenTasks() Check {
	tasks, speeds := []float64{5, 6, 6, 7, 9, 11, 18}, []float64{1, 1, 1}
	c := Check{Proposition: "12, VBF", Says: "tasks 5 6 6 7 9 11 18, 3 equal servers: fairest is shortest", Tried: 1}
	fairest, shortest := (&fairness{of: VBF}).best(tasks, speeds)
	if slices.Max(fairest) > slices.Max(shortest)+margin {
		c.fail("fairest %.0f, shortest %.0f", fairest, shortest)
	}
	return c
}

// best returns the loads of the fairest placement, of those of equal fairness the one
// of least makespan; and the loads of the placement of least makespan, of those the
// least fair.
func (f *fairness) best(tasks, speeds []float64) (fairest, shortest []float64) {
	l := make([]float64, len(speeds))
	var place func(k int)
	place = func(k int) {
		if k == len(tasks) {
			if fairest == nil || f.of(l) > f.of(fairest)+margin || f.of(l) > f.of(fairest)-margin && slices.Max(l) < slices.Max(fairest) {
				fairest = slices.Clone(l)
			}
			if shortest == nil || slices.Max(l) < slices.Max(shortest)-margin || slices.Max(l) < slices.Max(shortest)+margin && f.of(l) < f.of(shortest) {
				shortest = slices.Clone(l)
			}
			return
		}
		for j, v := range speeds {
			before := l[j]
			l[j] += tasks[k] / v
			place(k + 1)
			l[j] = before
		}
	}
	place(0)
	return fairest, shortest
}

// oneBalancer: an LB that spreads its own load fairly makes the makespan least that it
// can, whatever the others have done (eq. 18, the part on each LB).
func oneBalancer(servers, tries int, rng *rand.Rand) Check {
	c := Check{Proposition: "12, VBF of an LB", Says: "own loads are fairest: shortest that the LB can make it", Tried: tries}
	for range tries {
		others := random(servers, 1, rng)
		fair := slices.Clone(others)
		for j := range fair {
			fair[j] += 1 / float64(servers)
		}
		if least := filled(others, 1); slices.Max(fair) > least+margin {
			c.fail("others %.2f: equal shares make %.2f, filling up %.2f", others, slices.Max(fair), least)
		}
	}
	return c
}

// filled is the least greatest load that is left when work fills up the lower loads.
func filled(loads []float64, work float64) float64 {
	sorted := slices.Sorted(slices.Values(loads))
	for n := 1; n < len(sorted); n++ {
		if need := float64(n)*sorted[n] - floats.Sum(sorted[:n]); need >= work {
			return max(sorted[len(sorted)-1], (work+floats.Sum(sorted[:n]))/float64(n))
		}
	}
	return max(sorted[len(sorted)-1], (work+floats.Sum(sorted))/float64(len(sorted)))
}
