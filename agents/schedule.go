package agents

// Schedule is how much of everything a training asks of a learner, for an
// estimate of what that takes: floats, which do not overflow.
type Schedule struct {
	Episodes         float64 // that the learner observes
	EpisodesPerRound float64
	Updates          float64 // of every network, in all
}
