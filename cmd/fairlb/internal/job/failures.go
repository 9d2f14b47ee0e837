package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/parallel"
)

// RunAll runs jobs, at most so many at a time. An error of one job alone, by
// ofOneJob, does not stop the others, and comes with those of others as a PartialError;
// any other error does, as does the end of ctx.
func RunAll(ctx context.Context, most int, ofOneJob func(error) bool, jobs []func(context.Context) error) error {
	var failures Failures
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(most)
	for _, run := range jobs {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := run(ctx)
			return failures.Keep(err, err != nil && ofOneJob(err))
		})
	}
	return failures.Join(group.Wait())
}

// Failures collects the errors of jobs that do not stop the others. Its methods
// may be called by several goroutines.
type Failures struct {
	mu   sync.Mutex
	list []error
}

// Keep keeps an error that concerns one job alone, and returns any other. An
// interruption is never of one job.
func (f *Failures) Keep(err error, ofOneJob bool) error {
	if err == nil || !ofOneJob || errors.Is(err, context.Canceled) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, err)
	return nil
}

// Join returns the error that stopped all jobs or, if none did, a PartialError
// of those that were kept.
func (f *Failures) Join(err error) error {
	if err != nil || len(f.list) == 0 {
		return err
	}
	return &PartialError{f.list}
}

// PartialError says that some jobs have failed and the others are done.
type PartialError struct{ Failed []error }

var _ invalid.Classifier = (*PartialError)(nil)

// Error implements error.
func (e *PartialError) Error() string {
	return fmt.Sprintf("failed: %d; the others are done; the same command tries again:\n%v", len(e.Failed), errors.Join(e.Failed...))
}

// Unwrap returns the errors of the jobs.
func (e *PartialError) Unwrap() []error { return e.Failed }

// InvalidInput implements invalid.Classifier: the error is the user's to mend
// only if all of it is.
func (e *PartialError) InvalidInput() bool {
	return !slices.ContainsFunc(e.Failed, func(err error) bool { return !invalid.Is(err) })
}
