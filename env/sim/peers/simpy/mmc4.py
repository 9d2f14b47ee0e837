"""M/M/c with SimPy 3 or 4, after the carwash example of its documentation.

A source process starts one process a job, which requests the servers as a
Resource (FIFO), holds for its service and releases. Prints the line that
run.sh reads. Usage: mmc4.py C LOAD ARRIVALS SEED
"""

import json
import platform
import random
import sys
import time

import simpy


class Model:
    """The queue: c servers of mean service time 1 s."""

    def __init__(self, c, seed):
        self.env = simpy.Environment()
        self.servers = simpy.Resource(self.env, capacity=c)
        self.draw = random.Random(seed).expovariate
        self.total = 0.0  # s, completion times of all jobs
        self.completed = 0

    def source(self, rate, arrivals):
        """Starts jobs, the gaps between them exponential of the given rate."""
        env = self.env
        for _ in range(arrivals):
            yield env.timeout(self.draw(rate))
            env.process(self.job())

    def job(self):
        """One job, from its arrival to its completion."""
        env = self.env
        arrived = env.now
        with self.servers.request() as turn:
            yield turn
            yield env.timeout(self.draw(1.0))
        self.total += env.now - arrived
        self.completed += 1


def main(c, load, arrivals, seed):
    model = Model(c, seed)
    model.env.process(model.source(load * c, arrivals))
    start = time.perf_counter()
    model.env.run()
    seconds = time.perf_counter() - start
    events = arrivals + model.completed
    print(json.dumps({
        "peer": "simpy",
        "version": "%s on Python %s" % (simpy.__version__, platform.python_version()),
        "c": c, "load": load, "arrivals": arrivals, "events": events,
        "seconds": seconds, "events_per_second": events / seconds,
        "mean_completion": model.total / model.completed,
    }))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: mmc4.py C LOAD ARRIVALS SEED")
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
