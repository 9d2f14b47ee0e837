package figure

// CompletionDistributions says how the completion times of several policies are
// distributed, in each of some test cases.
type CompletionDistributions struct {
	Figure   string  // as the paper numbers it: "Figure 8"
	Duration float64 // s, of an episode
	Cases    []CaseDistributions
	Live     bool     // on real traffic, and not in the simulator
	Notes    []string // what else is to be said of the data
}

// Seeds is the number of episodes of each test case and policy.
func (d *CompletionDistributions) Seeds() int {
	if len(d.Cases) == 0 {
		return 0
	}
	return len(d.Cases[0].Seeds)
}

// CaseDistributions are the distributions of one test case.
type CaseDistributions struct {
	Name, Scenario string
	Seeds          []uint64 // of its episodes
	Classes        []string // of requests
	Targets        []TargetDistributions
}

// TargetDistributions are the distributions of one policy in a test case, over
// all its training runs and seeds together.
type TargetDistributions struct {
	Name    string
	Runs    int            // training runs; 0 of a heuristic
	ByClass []Distribution // by class of requests
}

// TargetNames lists the names of the targets.
func (c *CaseDistributions) TargetNames() []string {
	var names []string
	for _, t := range c.Targets {
		names = append(names, t.Name)
	}
	return names
}
