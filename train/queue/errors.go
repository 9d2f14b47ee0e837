package queue

import (
	"errors"
	"fmt"
)

var (
	// ErrConfig reports a server, a queue or a worker that cannot be as it
	// is asked for.
	ErrConfig = errors.New("queue: invalid configuration")
	// ErrInUse reports a server's folder that another server has open.
	ErrInUse = errors.New("queue: the folder is in use by another server")
	// ErrNoResult reports a key without a result.
	ErrNoResult = errors.New("queue: no result")
	// ErrUnusable reports bytes on a server that are not what is kept there: a
	// damaged result, or one that is not its job's.
	ErrUnusable = errors.New("queue: unusable")
	// ErrSetAside reports a job that was given up; see SetAsideError.
	ErrSetAside = errors.New("queue: the job was set aside")
)

// SetAsideError is a job that failed too often, or in a way that another try
// will not mend.
type SetAsideError struct {
	State JobState
}

func (e *SetAsideError) Error() string {
	times := "1 attempt"
	if e.State.Attempts != 1 {
		times = fmt.Sprintf("%d attempts", e.State.Attempts)
	}
	return fmt.Sprintf("%s: set aside after %s: %s", e.State.Title, times, e.State.Error)
}

// Is makes every SetAsideError an ErrSetAside.
func (e *SetAsideError) Is(target error) bool { return target == ErrSetAside }

// permanentError is an error that another try will not mend.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent marks an error of a Handler as one that another try will not mend,
// so that the job is set aside at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

// The causes for which a running job is given up.
var (
	errStopping = errors.New("the worker stops")
	errLost     = errors.New("another worker has the job")
)

// The reasons for which a job that is waited for is submitted once more, which
// does nothing where it is queued or runs.
var (
	errForgotten = errors.New("nothing is known of the job any more")
	errDoubtful  = errors.New("the job has been queued for long")
)
