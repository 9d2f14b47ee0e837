package eval

import "errors"

var (
	// ErrConfig reports a Config or targets that cannot be run.
	ErrConfig = errors.New("eval: invalid configuration")
	// ErrSeeds reports a list of seeds that cannot be read.
	ErrSeeds = errors.New("eval: invalid seeds")
	// ErrOutcome reports an outcome that no environment may record.
	ErrOutcome = errors.New("eval: invalid outcome")
	// ErrNoRequests reports a run in which no request ended.
	ErrNoRequests = errors.New("eval: the run has no requests")
	// ErrUnmatched reports results that were not made on the same seeds.
	ErrUnmatched = errors.New("eval: results are not of the same seeds")
)
