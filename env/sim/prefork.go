package sim

// A server of the prefork kind (Apache's) has a fixed number of workers, and a
// worker is held by one request from its first stage to the end of its last, IO
// included. Requests that come while all workers are held wait in the backlog for
// a worker, not for a processor.

// workerPool is the workers of a prefork server.
type workerPool struct {
	held    int  // workers that have a request
	waiting ring // requests that wait for a worker
}

// reset frees all workers and drops the requests that wait.
func (p *workerPool) reset() {
	p.held = 0
	p.waiting.reset()
}

// acceptPrefork takes a request that has reached its server: a worker begins with
// it, or it waits for one.
func (e *engine) acceptPrefork(id uint32) {
	x := &e.requests[id]
	pool := &e.pools[x.server]
	if pool.held >= e.cfg.Workers {
		pool.waiting.push(id)
		return
	}
	pool.held++
	e.enqueue(id, e.stationOf(x))
}

// releaseWorker frees the worker of a request that has passed its last stage. The
// request that has waited longest gets it.
func (e *engine) releaseWorker(server int) {
	pool := &e.pools[server]
	if pool.waiting.n == 0 {
		pool.held--
		return
	}
	id := pool.waiting.pop()
	e.enqueue(id, e.stationOf(&e.requests[id]))
}
