package haproxy

import "errors"

var (
	// ErrConfig reports settings that break a rule.
	ErrConfig = errors.New("haproxy: invalid settings")
	// ErrAddress reports an address that ParseAddress cannot read.
	ErrAddress = errors.New("haproxy: invalid address")
	// ErrRuntime reports that the runtime API could not be reached, or broke off.
	ErrRuntime = errors.New("haproxy: runtime API")
	// ErrReply reports a reply of the runtime API that is not what was asked for.
	ErrReply = errors.New("haproxy: unexpected reply")
	// ErrRefused reports a command that HAProxy refused.
	ErrRefused = errors.New("haproxy: refused")
	// ErrLogLine reports a line that is not of the log-format that is asked for.
	ErrLogLine = errors.New("haproxy: unexpected log line")
	// ErrBackend reports a backend that cannot be steered: it does not exist, has no
	// server, or balances by an algorithm that does not follow weights.
	ErrBackend = errors.New("haproxy: backend cannot be steered")
	// ErrSteered reports that another process of fairlb steers the backend.
	ErrSteered = errors.New("haproxy: backend is steered by another process")
	// ErrJournal reports a journal of first weights that cannot be read or written.
	ErrJournal = errors.New("haproxy: journal")
	// ErrWeights reports weights that are not positive and finite.
	ErrWeights = errors.New("haproxy: invalid weights")
	// ErrClosed reports the use of a Plane that is closed.
	ErrClosed = errors.New("haproxy: closed")
)
