// Package invalid tells errors that only other input will cure from those that
// are the program's or the machine's. A command line, a settings file, a trace
// or a damaged run is the user's to mend: such an error is made by Errorf here,
// or wraps a sentinel of the package that read the input. The command line
// makes its exit codes of Is, and a worker of a queue tries a job again unless
// Is says that it would fail again.
//
// A package whose errors are the user's to mend adds its sentinel to sentinels.
package invalid

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"fairlb/agents/checkpoint"
	"fairlb/env/file"
	"fairlb/env/settings"
	"fairlb/env/workload"
	"fairlb/results/chart"
	"fairlb/results/record"
	"fairlb/results/runtrace"
	"fairlb/results/tfevents"
	"fairlb/sac"
	"fairlb/train"
	"fairlb/train/queue"
)

// Error is an error of a command line or of an input, which the user must mend.
type Error struct{ Err error }

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error that is marked.
func (e *Error) Unwrap() error { return e.Err }

// Errorf formats an error that the user must mend; %w wraps as in fmt.Errorf.
func Errorf(format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...)}
}

// Classifier is an error that knows itself whether it is the user's to mend.
type Classifier interface {
	error
	InvalidInput() bool
}

// sentinels are the errors of other packages that only other input will cure.
func sentinels() []error {
	return []error{
		checkpoint.ErrCorrupt, checkpoint.ErrMismatch, train.ErrState, record.ErrMalformed, record.ErrRows, tfevents.ErrMalformed, chart.ErrCurve, runtrace.ErrMalformed, sac.ErrConfig,
		queue.ErrConfig, queue.ErrInUse, file.ErrNotRegular, file.ErrTooLarge,
		fs.ErrNotExist, syscall.EISDIR, syscall.ENOTDIR,
	}
}

// Is says whether an error is the user's to mend. An interruption never is.
func Is(err error) bool {
	var classifier Classifier
	var own *Error
	var trace *workload.TraceError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &classifier):
		return classifier.InvalidInput()
	}
	return errors.As(err, &own) || errors.As(err, &trace) || settings.IsFault(err) ||
		slices.ContainsFunc(sentinels(), func(target error) bool { return errors.Is(err, target) })
}
