//go:build !linux

package client

import (
	"context"
	"errors"

	"fairlb/env/workload"
)

// Run returns ErrUnsupported.
func Run(_ context.Context, _ Config, source workload.Source) (*Result, error) {
	return nil, errors.Join(ErrUnsupported, source.Close())
}
