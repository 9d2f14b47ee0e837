package eval

import "errors"

var (
	// ErrSeeds reports a list of seeds that cannot be read.
	ErrSeeds = errors.New("eval: invalid seeds")
	// ErrUnmatched reports results that were not made on the same seeds.
	ErrUnmatched = errors.New("eval: results are not of the same seeds")
)
