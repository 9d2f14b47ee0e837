package figure

// Cases is the data of Figures 4 (b) and 8: how completion times are
// distributed in each test case.
type Cases struct {
	Figure   string  // its name
	Duration float64 // s, of an episode
	Seeds    []uint64
	Cases    []Case
}

// Case is one test case.
type Case struct {
	Name, Scenario string
	Classes        []string
	Targets        []CaseTarget
}

// CaseTarget is what one policy came to, of all its training runs and seeds
// together.
type CaseTarget struct {
	Name        string
	Runs        int           // training runs; 0 for a heuristic
	Completions []Completions // by class
}
