package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"fairlb/train/queue"
)

// failures collects the errors of work that does not stop the rest: of jobs that
// a queue has set aside or, with every, of all but an interruption.
type failures struct {
	every bool

	mu     sync.Mutex
	errors []error
}

// take keeps an error that does not stop the rest, and returns any other.
func (x *failures) take(err error) error {
	interrupted := errors.Is(err, context.Canceled)
	if err == nil || interrupted || !x.every && !errors.Is(err, queue.ErrSetAside) {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.errors = append(x.errors, err)
	return nil
}

// with returns the error that stopped the rest or, if none did, a partlyError of
// what was taken.
func (x *failures) with(err error) error {
	if err != nil || len(x.errors) == 0 {
		return err
	}
	return &partlyError{x.errors}
}

// partlyError says that some of the work has failed and the rest is done.
type partlyError struct{ failed []error }

func (e *partlyError) Error() string {
	return fmt.Sprintf("failed: %d; the others are done; the same command tries again:\n%v", len(e.failed), errors.Join(e.failed...))
}

func (e *partlyError) Unwrap() []error { return e.failed }

// code is the user's to mend only if all of it is.
func (e *partlyError) code() int {
	if slices.ContainsFunc(e.failed, func(err error) bool { return exitCode(err) != exitUsage }) {
		return exitFailed
	}
	return exitUsage
}
