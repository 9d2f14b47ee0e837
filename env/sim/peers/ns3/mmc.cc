// M/M/c on the event scheduler of ns-3: member functions scheduled as events,
// as the chapter "Events and Simulator" of its manual does. Of its schedulers
// PriorityQueueScheduler was the fastest here, with ListScheduler; the default
// MapScheduler is slower, and so are ns-3's own random variables, and Seconds()
// instead of TimeStep(). Usage: ns3 C LOAD ARRIVALS SEED
#include <ns3/core-module.h>

#include <deque>

#include "../peer.h"

using ns3::Simulator;
using ns3::TimeStep;

// Queue is c servers and the jobs that wait for them, first come first served.
class Queue {
  public:
    explicit Queue(const Arguments& a)
        : idle(a.c), left(a.arrivals), gap(a.rate(), 2 * a.seed), service(1, 2 * a.seed + 1) {}

    void start() { Simulator::Schedule(TimeStep(gap()), &Queue::arrive, this); }

    Completions done;

  private:
    static std::uint64_t now() { return Simulator::Now().GetTimeStep(); }

    void arrive() {
        if (idle > 0) {
            --idle;
            serve(now());
        } else {
            waiting.push_back(now());
        }
        if (--left > 0) {
            start();
        }
    }

    void serve(std::uint64_t arrived) {
        Simulator::Schedule(TimeStep(service()), &Queue::complete, this, arrived);
    }

    void complete(std::uint64_t arrived) {
        done.add(now() - arrived);
        if (waiting.empty()) {
            ++idle;
            return;
        }
        const std::uint64_t next = waiting.front();
        waiting.pop_front();
        serve(next);
    }

    int idle;
    std::uint64_t left;                 // arrivals to come
    std::deque<std::uint64_t> waiting;  // by their times of arrival
    Exponential gap;
    Exponential service;
};

int main(int argc, char** argv) {
    const Arguments a = parse(argc, argv);
    ns3::Time::SetResolution(ns3::Time::NS);
    ns3::ObjectFactory scheduler;
    scheduler.SetTypeId("ns3::PriorityQueueScheduler");
    Simulator::SetScheduler(scheduler);
    Queue queue(a);
    queue.start();
    const double seconds = timed([] { Simulator::Run(); });
    Simulator::Destroy();
    return print("ns-3", PEER_VERSION, a, queue.done, seconds);
}
