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
func Figures() []string { return []string{"2a", "10a", "12"} }

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
