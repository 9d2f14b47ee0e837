package parallel

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Each calls f with 0 to n-1, all at once, waits for all and returns their
// errors, joined in that order.
func Each(n int, f func(k int) error) error {
	errs := make([]error, n)
	var running sync.WaitGroup
	for k := range n {
		running.Go(func() {
			defer Catch(&errs[k])
			errs[k] = f(k)
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// Group runs functions on goroutines until one fails.
type Group struct{ group *errgroup.Group }

// NewGroup returns a group and a context that ends when a function of the group
// fails or Wait returns.
func NewGroup(ctx context.Context) (*Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	return &Group{group}, ctx
}

// SetLimit bounds how many functions run at a time, before the first is begun.
func (g *Group) SetLimit(n int) { g.group.SetLimit(n) }

// Go begins a function, once fewer run than the limit.
func (g *Group) Go(f func() error) {
	g.group.Go(func() (err error) {
		defer Catch(&err)
		return f()
	})
}

// Wait waits for all functions and returns the first error.
func (g *Group) Wait() error { return g.group.Wait() }
