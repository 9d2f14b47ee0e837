package episodes

import "errors"

var (
	// ErrConfig reports a Config or targets that cannot be run.
	ErrConfig = errors.New("eval: invalid configuration")
	// ErrOutcome reports an outcome that no environment may record.
	ErrOutcome = errors.New("eval: invalid outcome")
	// ErrNoRequests reports a run in which no request ended.
	ErrNoRequests = errors.New("eval: the run has no requests")
)
