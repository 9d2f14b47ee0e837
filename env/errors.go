package env

import "errors"

var (
	// ErrAction reports an action of the wrong shape or outside its bounds.
	ErrAction = errors.New("env: invalid action")
	// ErrNotReset reports a Step before the first Reset.
	ErrNotReset = errors.New("env: step before reset")
	// ErrEpisodeOver reports a Step after the episode ended.
	ErrEpisodeOver = errors.New("env: the episode is over")
	// ErrUnsupported reports what an environment cannot know or do.
	ErrUnsupported = errors.New("env: unsupported by this environment")
)
