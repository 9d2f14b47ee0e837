"""M/M/c with SimPy 2 (Debian's python3-simpy), after the "Bank" tutorial.

A source process starts one process a job, which requests the servers as a
Resource (FIFO), holds for its service and releases. Prints the line that
run.sh reads. Usage: mmc2.py C LOAD ARRIVALS SEED
"""

import json
import platform
import random
import sys
import time

import SimPy
from SimPy.Simulation import Process, Resource, Simulation, hold, release, request


class Job(Process):
    """One job, from its arrival to its completion."""

    def live(self, model):
        arrived = model._t  # what now() returns, without the call
        yield request, self, model.servers
        yield hold, self, model.draw(1.0)
        yield release, self, model.servers
        model.total += model._t - arrived
        model.completed += 1


class Source(Process):
    """Starts jobs, the gaps between them exponential of the given rate."""

    def generate(self, model, rate, arrivals):
        for _ in range(arrivals):
            yield hold, self, model.draw(rate)
            job = Job(sim=model)
            model.activate(job, job.live(model))


class Model(Simulation):
    """The queue: c servers of mean service time 1 s at the given load."""

    def __init__(self, c, seed):
        super().__init__()
        self.servers = Resource(capacity=c, sim=self)
        self.draw = random.Random(seed).expovariate
        self.total = 0.0  # s, completion times of all jobs
        self.completed = 0


def main(c, load, arrivals, seed):
    model = Model(c, seed)
    source = Source(sim=model)
    model.activate(source, source.generate(model, load * c, arrivals))
    start = time.perf_counter()
    model.simulate(until=float("inf"))
    seconds = time.perf_counter() - start
    events = arrivals + model.completed
    print(json.dumps({
        "peer": "simpy2",
        "version": "%s on Python %s" % (SimPy.__version__, platform.python_version()),
        "c": c, "load": load, "arrivals": arrivals, "events": events,
        "seconds": seconds, "events_per_second": events / seconds,
        "mean_completion": model.total / model.completed,
    }))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: mmc2.py C LOAD ARRIVALS SEED")
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
