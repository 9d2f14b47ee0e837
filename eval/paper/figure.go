package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fairlb/env/settings"
)

// ErrUnknownFigure reports a figure that cannot be made.
var ErrUnknownFigure = errors.New("paper: unknown figure")

// FigureKind says what a figure shows.
type FigureKind int

// The kinds of figures. The data of each is a type of package eval/figure.
const (
	FairWeights             FigureKind = iota // which weights are fair, by application profile
	CompletionDistributions                   // how completion times are distributed, by test case
	BufferGrowth                              // how a replay buffer that agents share grows
	CapacityChange                            // how policies fare while servers lose capacity
	CommunicationLatency                      // what messages to agents do to round trips on a link
	CollectionLatency                         // how long it takes to get features, by shared memory and by probes
	Probing                                   // how well the load of servers is known that are probed
)

// Figure is a figure of the paper that can be made.
type Figure struct {
	Number string // as users name it: "10a"
	Title  string // as the paper numbers it: "Figure 10 (a)"
	Kind   FigureKind
}

// Figures is the catalogue of the figures that can be made.
func Figures() []Figure {
	return []Figure{
		{"2a", "Figure 2a", FairWeights},
		{"4b", "Figure 4 (b)", CompletionDistributions},
		{"8", "Figure 8", CompletionDistributions},
		{"9", "Figure 9", Probing},
		{"10a", "Figure 10 (a)", BufferGrowth},
		{"10b", "Figure 10 (b)", CommunicationLatency},
		{"11", "Figure 11", CollectionLatency},
		{"12", "Figure 12", CapacityChange},
	}
}

// FigureNumbers lists the numbers of Figures.
func FigureNumbers() []string {
	var list []string
	for _, f := range Figures() {
		list = append(list, f.Number)
	}
	return list
}

// FigureNumbered returns the figure of that number, or ErrUnknownFigure.
func FigureNumbered(number string) (Figure, error) {
	for _, f := range Figures() {
		if f.Number == number {
			return f, nil
		}
	}
	return Figure{}, fmt.Errorf("%w %q: those that are made so far are %s%s", ErrUnknownFigure, number, strings.Join(FigureNumbers(), ", "), settings.Suggestion(number, FigureNumbers()))
}

// ShowsRuns says whether a figure shows policies, so that a user's training runs
// may be among them.
func (f Figure) ShowsRuns() bool {
	return f.Kind == CompletionDistributions || f.Kind == CapacityChange
}

// PlayedLive says whether the episodes of a figure can be played in real time.
func (f Figure) PlayedLive() bool { return f.ShowsRuns() || f.Kind == Probing }

// Application is an application profile of Table 10 and the scenario that has
// it.
type Application struct {
	Name, Scenario string
}

// Applications are the profiles whose fair weights are shown: those of Table 10, and the one
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

// BufferGrowthRuns returns what fills the buffers whose growth is shown: the
// scenario, a method whose agents are trained together, and numbers of agents;
// one alone shares nothing.
func BufferGrowthRuns() (scenario, method string, agents []int) {
	return "web-moderate/train", "qmix-lb", []int{1, 2, 4, 6, 8}
}

// The round-trip time of the paper's link without messages, in s, and how many times as much
// it can be beside messages (appendix E.2.2).
const (
	IdleRoundTrip  = 0.099e-3
	BusyRoundTrips = 10
)

// CommunicationRuns returns whose messages are sent to agents, a scenario and a method whose
// agents are trained together, and to how many of them.
func CommunicationRuns() (scenario, method string, agents []int) {
	scenario, method, _ = BufferGrowthRuns()
	return scenario, method, []int{1, 2, 4, 8, 16, 32}
}

// CollectionMargin is by how much the median of a reading of shared memory is published to
// be below that of probes, at least, in s (appendix E.2.2).
const CollectionMargin = 94.18e-6

// CollectionScenario is the scenario whose servers' features are got.
func CollectionScenario() string { return "web-moderate/period-1" }

// ProbingRuns returns the scenario whose servers are probed, the heuristic that balances
// meanwhile, and how many times a second each server is probed, rising. The paper's
// text does not say how often it probes.
func ProbingRuns() (scenario, heuristic string, frequencies []float64) {
	return "web-moderate/period-1", "sed", []float64{0.5, 1, 2, 5, 10, 20, 50, 100}
}

// CapacityChangeRuns returns the scenario in which servers lose capacity and the
// heuristics that are shown in it: those of Table 16, and the Oracle.
func CapacityChangeRuns() (scenario string, heuristics []string) {
	return "web-dynamic", []string{"wcmp", "lsq", "sed", "oracle"}
}

// TestCase is a test case whose completion times are shown, and the scenario that
// has it.
type TestCase struct {
	Name, Scenario string
}

// TestCases returns the test cases of a figure that shows distributions of
// completion times. Figure 8 has the four periods of Table 11. The appendix says
// of Figure 4 (b) that it has one of them, not which: the first is taken.
func (f Figure) TestCases() []TestCase {
	var list []TestCase
	for _, c := range moderateColumns(Mean) {
		if one := (TestCase{c.Group, c.Scenario}); !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	if f.Number == "4b" {
		return list[:1]
	}
	return list
}

// ComparedPolicies returns the policies whose completion times are shown: the
// heuristics of Table 11, and of its learned rows each method with VBF, RLB-SAC with its G.
func ComparedPolicies() (heuristics []string, learned []Row) {
	for _, r := range moderateRows() {
		switch {
		case r.Added:
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
		list = append(list, r.Policy(c.Scenario, seed))
	}
	return list
}
