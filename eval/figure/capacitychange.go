package figure

// CapacityChange says how several policies fare while servers change their
// capacity: the state of the servers over time, and the completion times.
type CapacityChange struct {
	Figure   string // as the paper numbers it: "Figure 12"
	Scenario string
	Duration float64 // s of an episode
	Interval float64 // s, over which each sample is a mean; the first is of the first interval
	Seeds    []uint64
	Groups   []string  // names of the groups of servers
	Changes  []float64 // s, when servers change, rising
	Classes  []string  // of requests
	Targets  []CapacityChangeTarget
	Live     bool     // on real traffic, and not in the simulator
	Notes    []string // what else is to be said of the data
}

// CapacityChangeTarget is what one policy came to.
type CapacityChangeTarget struct {
	Name    string
	Servers [NumServerMeasures][]Band // by measure and group of servers
	ByClass []Distribution            // by class of requests, over all seeds
}

// TargetNames lists the names of the targets.
func (c *CapacityChange) TargetNames() []string {
	var names []string
	for _, t := range c.Targets {
		names = append(names, t.Name)
	}
	return names
}
