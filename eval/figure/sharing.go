package figure

// Sharing is the data of Figure 10 (a): the replay buffer that agents share who
// are trained together, as it grows.
type Sharing struct {
	Scenario string
	Method   string
	Duration float64 // s of an episode
	Teams    []Team
}

// Team is the buffer of a number of agents, after some of its episodes.
type Team struct {
	Agents   int
	Servers  int
	Features int            // of a server
	Points   []SharedBuffer // by number of episodes, rising
}

// SharedBuffer is a buffer of so many episodes.
type SharedBuffer struct {
	Episodes    int
	Transitions int // of one agent
	Memory      int // bytes of the episodes' arrays
	Saved       int // bytes, if it is sent or written
}

// Rate is what the agents would have to send while the episodes last, in bit/s.
func (b SharedBuffer) Rate(duration float64) float64 {
	return 8 * float64(b.Saved) / (float64(b.Episodes) * duration)
}

// Last returns the buffer after the last episode.
func (t *Team) Last() SharedBuffer { return t.Points[len(t.Points)-1] }
