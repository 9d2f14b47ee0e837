// Package normalise brings what learners read from environments to numbers of
// order one: Features does it for observations and Rewards for rewards. Every
// learner uses these two and no others.
//
// The statistics of the features belong to the policy: they travel in
// checkpoints (Features.Parameters), into exported models, and an Actor applies
// them to every observation. The statistics of the rewards belong to training
// alone; nothing of them is needed to act.
//
// Either type takes its statistics in one of two ways: from everything that a
// replay buffer holds now (FitTo), or from what has been added piece by piece
// since the last Reset (Add, then Fit), for learners that keep no buffer. A
// learner with another scale of its own belongs here, beside them.
package normalise
