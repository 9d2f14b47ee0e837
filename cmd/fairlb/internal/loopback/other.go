//go:build !linux

package loopback

import (
	"context"
	"errors"
)

// newExternals fails: nothing here runs on other systems.
func (e *Env) newExternals(context.Context, *episode) (balancers, error) { return nil, errSystem }

// newProcesses fails like newExternals.
func (e *Env) newProcesses(context.Context, *episode) (balancers, error) { return nil, errSystem }

// Agent describes agents that are processes of their own, on Linux.
type Agent struct {
	Policy     string
	AnyServers bool
	Unguarded  bool
}

var errSystem = errors.Join(ErrNotLive, errors.New("it takes Linux"))
