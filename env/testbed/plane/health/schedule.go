package health

import "time"

const (
	// spreadOver is the longest time over which the first checks of all servers are
	// spread: a server that does not work should be known soon.
	spreadOver = time.Second
	// jitter is the part of an interval by which a check may be early or late, so that
	// checks by several balancers do not fall together for long.
	jitter = 0.1
)

// firstCheck returns when the first check of the k-th of n servers is due, from the
// beginning on.
func firstCheck(k, n int, interval time.Duration) time.Duration {
	return min(interval, spreadOver) * time.Duration(k) / time.Duration(max(n, 1))
}

// nextCheck returns when the next check is due after one that began before; random is in
// [0, 1).
func nextCheck(interval time.Duration, random float64) time.Duration {
	return time.Duration(float64(interval) * (1 + jitter*(2*random-1)))
}
