package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrUnknownFigure reports a figure that cannot be made.
var ErrUnknownFigure = errors.New("paper: unknown figure")

// Figures lists the figures that can be made.
func Figures() []string { return []string{"2a", "4b", "8", "10a", "12"} }

// CheckFigure returns ErrUnknownFigure for a name that is not among Figures.
func CheckFigure(name string) error {
	if slices.Contains(Figures(), name) {
		return nil
	}
	return fmt.Errorf("%w %q: those that are made so far are %s", ErrUnknownFigure, name, strings.Join(Figures(), ", "))
}

// Application is an application profile of Table 10 and the scenario that has
// it.
type Application struct {
	Name, Scenario string
}

// Applications are the profiles of Figure 2a: those of Table 10, and the one
// of three stages (appendix E.1).
func Applications() []Application {
	return []Application{
		{"pure CPU", "sim-moderate/pure-cpu"},
		{"CPU intensive", "sim-moderate/75-25"},
		{"balanced", "sim-moderate/50-50"},
		{"IO intensive", "sim-moderate/25-75"},
		{"CPU-IO-CPU", "sim-moderate/cpu-io-cpu"},
	}
}

// Sharing returns what Figure 10 (a) is made of: the scenario, a method whose
// agents are trained together, and numbers of agents; one alone shares nothing.
func Sharing() (scenario, method string, agents []int) {
	return "web-moderate/train", "qmix-lb", []int{1, 2, 4, 6, 8}
}

// Dynamic returns the scenario of Figure 12 and the heuristics that it
// compares: those of Table 16, and the Oracle.
func Dynamic() (scenario string, heuristics []string) {
	return "web-dynamic", []string{"wcmp", "lsq", "sed", "oracle"}
}

// TestCase is a test case of Figure 8 and the scenario that has it.
type TestCase struct {
	Name, Scenario string
}

// Cases returns the test cases of a figure of completion times. Figure 8 has
// the four periods of Table 11. The appendix says of Figure 4 (b) that it has
// one of them, not which: the first is taken.
func Cases(figure string) []TestCase {
	var list []TestCase
	for _, c := range moderateColumns(Mean) {
		if one := (TestCase{c.Group, c.Scenario}); !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	if figure == "4b" {
		return list[:1]
	}
	return list
}

// Compared returns what Figures 4 (b) and 8 compare: the heuristics of Table
// 11, and of its learned rows each method with VBF, RLB-SAC with its G.
func Compared() (heuristics []string, learned []Row) {
	for _, r := range moderateRows() {
		switch {
		case !r.Learned():
			heuristics = append(heuristics, r.MethodID)
		case r.Reward == "VBF" || r.Method == "RLB-SAC" && r.Reward == "G":
			learned = append(learned, r)
		}
	}
	return heuristics, learned
}

// Policies returns the policies of a learned row that are trained for a test
// case, one for each training seed of the profile.
func (c TestCase) Policies(r Row, p Profile) []Policy {
	var list []Policy
	for _, seed := range p.TrainingSeeds {
		list = append(list, Policy{r.MethodID, r.RewardID, trainingFor(c.Scenario), seed})
	}
	return list
}
