package checkpoint

import "errors"

var (
	// ErrCorrupt reports a file that is not a whole, unchanged checkpoint.
	ErrCorrupt = errors.New("checkpoint: corrupt")
	// ErrMismatch reports a checkpoint that does not fit an environment.
	ErrMismatch = errors.New("checkpoint: does not fit the environment")
)

// fault is an error about a checkpoint.
type fault struct {
	path string // of the file; empty where the caller names the file
	rule string // what is wrong
	kind error  // ErrCorrupt or ErrMismatch
}

// Error implements error.
func (f *fault) Error() string {
	if f.path == "" {
		return f.rule
	}
	return f.path + ": " + f.rule
}

// Unwrap returns ErrCorrupt or ErrMismatch.
func (f *fault) Unwrap() error { return f.kind }
