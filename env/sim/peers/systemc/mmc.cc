// M/M/c on the kernel of SystemC: arrivals and servers are method processes,
// which cost no context switch, woken by timed notifications.
// Usage: systemc C LOAD ARRIVALS SEED
#include <deque>
#include <systemc>
#include <vector>

#include "../peer.h"

using sc_core::sc_time;
using sc_core::sc_time_stamp;

class Queue;

// Server serves one job at a time.
class Server : public sc_core::sc_module {
  public:
    SC_HAS_PROCESS(Server);
    Server(sc_core::sc_module_name name, Queue& queue) : sc_module(name), queue(queue) {
        SC_METHOD(complete);
        sensitive << end;
        dont_initialize();
    }

    void serve(const sc_time& arrival);

  private:
    void complete();

    Queue& queue;
    sc_core::sc_event end;  // of the service
    sc_time arrived;        // the job in service
};

// Queue lets jobs arrive and wait for servers, first come first served.
class Queue : public sc_core::sc_module {
  public:
    SC_HAS_PROCESS(Queue);
    Queue(sc_core::sc_module_name name, const Arguments& a)
        : sc_module(name), service(1, 2 * a.seed + 1), gap(a.rate(), 2 * a.seed), left(a.arrivals) {
        servers.init(a.c, [this](const char* n, std::size_t) { return new Server(n, *this); });
        for (Server& s : servers) {
            idle.push_back(&s);
        }
        SC_METHOD(arrive);
        sensitive << arrival;
        dont_initialize();
    }

    void start() { arrival.notify(sc_time::from_value(gap())); }

    Completions done;
    Exponential service;
    std::deque<sc_time> waiting;  // by their times of arrival
    std::vector<Server*> idle;

  private:
    void arrive() {
        if (idle.empty()) {
            waiting.push_back(sc_time_stamp());
        } else {
            Server* server = idle.back();
            idle.pop_back();
            server->serve(sc_time_stamp());
        }
        if (--left > 0) {
            start();
        }
    }

    sc_core::sc_event arrival;
    Exponential gap;
    std::uint64_t left;  // arrivals to come
    sc_core::sc_vector<Server> servers{"server"};
};

void Server::serve(const sc_time& arrival) {
    arrived = arrival;
    end.notify(sc_time::from_value(queue.service()));
}

void Server::complete() {
    queue.done.add((sc_time_stamp() - arrived).value());
    if (queue.waiting.empty()) {
        queue.idle.push_back(this);
        return;
    }
    const sc_time next = queue.waiting.front();
    queue.waiting.pop_front();
    serve(next);
}

int sc_main(int argc, char** argv) {
    const Arguments a = parse(argc, argv);
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    Queue queue("queue", a);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);  // elaborates the design
    queue.start();
    const double seconds = timed([] { sc_core::sc_start(); });
    return print("systemc", PEER_VERSION, a, queue.done, seconds);
}
