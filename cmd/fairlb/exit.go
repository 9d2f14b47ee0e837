package main

import (
	"context"
	"errors"

	"fairlb/cmd/fairlb/internal/invalid"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // usage or invalid input
	exitInterrupted = 130
)

// exitCode classes an error: what the user gave is the user's to mend.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case invalid.Is(err):
		return exitUsage
	}
	return exitFailed
}
