package station

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
func (w *workerPool) reset() {
	w.held = 0
	w.waiting.reset()
}

// takeWorker lets a worker begin with a request that has reached its server, or
// the request waits for one.
func (p *Pool) takeWorker(now float64, id uint32) {
	x := &p.tasks[id]
	w := &p.workers[x.server]
	if w.held >= p.cfg.Workers {
		w.waiting.push(id)
		return
	}
	w.held++
	p.enqueue(now, id, p.stationOf(x))
}

// releaseWorker frees the worker of a request that has passed its last stage. The
// request that has waited longest gets it.
func (p *Pool) releaseWorker(now float64, server int) {
	w := &p.workers[server]
	if w.waiting.n == 0 {
		w.held--
		return
	}
	id := w.waiting.pop()
	p.enqueue(now, id, p.stationOf(&p.tasks[id]))
}
