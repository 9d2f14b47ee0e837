package admin

import "errors"

var (
	// ErrInUse reports a socket at which another process answers.
	ErrInUse = errors.New("admin: another process answers at this socket; is this balancer running already?")
	// ErrNotSocket reports a path at which there is something that is no socket.
	ErrNotSocket = errors.New("admin: there is something at this path that is no socket")
	// ErrPath reports a path at which there can be no socket.
	ErrPath = errors.New("admin: no Unix socket can have this path")
	// ErrLocked reports that another process begins to listen in the same folder, and
	// does not get done.
	ErrLocked = errors.New("admin: another process holds the lock of the folder")
)
