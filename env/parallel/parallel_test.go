package parallel_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/parallel"
)

// explode panics, so that its name is on the stack.
func explode(value any) { panic(value) }

// TestEach: all are called, and errors and panics come back in order.
func TestEach(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	done := make([]bool, 4)
	err := parallel.Each(4, func(k int) error {
		switch k {
		case 1:
			explode("first")
		case 2:
			return broken
		}
		done[k] = true
		return nil
	})
	require.Equal(t, []bool{true, false, false, true}, done)
	require.ErrorIs(t, err, broken)
	var fault *parallel.PanicError
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "first", fault.Value)
	require.Contains(t, fault.Stack, "explode")
	require.Regexp(t, `(?s)^panic: first\n.*\nbroken$`, err.Error())
	require.NoError(t, parallel.Each(0, nil))
}

// TestGroup: a panic ends the group as an error does, and its cause is found.
func TestGroup(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	group, ctx := parallel.NewGroup(context.Background())
	group.SetLimit(2)
	group.Go(func() error { explode(broken); return nil })
	group.Go(func() error { <-ctx.Done(); return nil })
	err := group.Wait()
	require.ErrorIs(t, err, broken)
	var fault *parallel.PanicError
	require.ErrorAs(t, err, &fault)
}

// TestCatch: a panic that was carried from another goroutine keeps its stack.
func TestCatch(t *testing.T) {
	t.Parallel()
	carried := parallel.Each(1, func(int) error { explode("inner"); return nil })
	var fault *parallel.PanicError
	require.ErrorAs(t, carried, &fault)
	err := parallel.Each(1, func(int) error { panic(fault) })
	var again *parallel.PanicError
	require.ErrorAs(t, err, &again)
	require.Same(t, fault, again)
}
