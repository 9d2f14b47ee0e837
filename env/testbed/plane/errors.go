package plane

import "errors"

var (
	// ErrUnsupported reports a system on which no balancer can run.
	ErrUnsupported = errors.New("plane: a balancer needs Linux (epoll, splice, accept4)")
	// ErrUnknownServer reports the name of a server that is not in the pool.
	ErrUnknownServer = errors.New("plane: no such server")
	// ErrNoWeights reports weights for a rule that takes none.
	ErrNoWeights = errors.New("plane: the rule takes no weights")
	// ErrSteered reports weights from one writer while another one sets them.
	ErrSteered = errors.New("plane: an agent sets the weights: end it, and wait until its patience is over, before others do")
	// ErrWeight reports a weight that no server can have.
	ErrWeight = errors.New("plane: weights must be positive and finite")
	// ErrFixed reports a reload that would change what stays as long as the process
	// lives.
	ErrFixed = errors.New("plane: cannot be changed by a reload")
	// ErrEnded reports a balancer that no longer runs.
	ErrEnded = errors.New("plane: the balancer has ended")
)
