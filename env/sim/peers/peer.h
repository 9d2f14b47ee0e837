// What the C++ programs of the comparison share: their arguments, their random
// numbers and the line that run.sh reads.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// Arguments are C LOAD ARRIVALS SEED, in this order. The mean service time is
// 1 s.
struct Arguments {
    int c = 0;
    double load = 0;
    std::uint64_t arrivals = 0;
    std::uint64_t seed = 0;

    double rate() const { return load * c; }  // arrivals/s
};

inline Arguments parse(int argc, char** argv) {
    Arguments a;
    if (argc == 5) {
        a.c = std::atoi(argv[1]);
        a.load = std::atof(argv[2]);
        a.arrivals = std::strtoull(argv[3], nullptr, 10);
        a.seed = std::strtoull(argv[4], nullptr, 10);
    }
    if (a.c < 1 || !(a.load > 0 && a.load < 1) || a.arrivals < 1) {
        std::fprintf(stderr, "usage: %s C LOAD ARRIVALS SEED, C >= 1, 0 < LOAD < 1, ARRIVALS >= 1\n", argv[0]);
        std::exit(2);
    }
    return a;
}

// Both engines count time in integers; they are set to nanoseconds.
constexpr double ticks_per_second = 1e9;

// Exponential draws times of a given rate, in ticks, by inversion of SplitMix64
// (Steele, Lea & Flood, 2014). A draw costs about what one of fairlb's does, half
// of std::mt19937_64 and std::exponential_distribution, so that the engines are
// what is compared.
class Exponential {
  public:
    Exponential(double rate, std::uint64_t seed) : state(seed), mean(ticks_per_second / rate) {}

    std::uint64_t operator()() {
        const double u = static_cast<double>(next() >> 11) * 0x1p-53;  // in [0, 1)
        return static_cast<std::uint64_t>(-std::log(1 - u) * mean);
    }

  private:
    std::uint64_t next() {
        state += 0x9e3779b97f4a7c15;
        std::uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state;
    double mean;  // ticks
};

// Completions sums the completion times (ticks) of jobs.
struct Completions {
    double sum = 0;
    std::uint64_t n = 0;

    void add(std::uint64_t ticks) {
        sum += static_cast<double>(ticks);
        ++n;
    }
};

// timed runs the simulation loop and returns the seconds that it took.
template <typename Loop>
double timed(Loop loop) {
    const auto start = std::chrono::steady_clock::now();
    loop();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// print writes the line and returns the exit status of the program.
inline int print(const char* peer, const char* version, const Arguments& a, const Completions& done, double seconds) {
    if (done.n != a.arrivals) {
        std::fprintf(stderr, "%s: %llu of %llu jobs completed: all must\n", peer,
                     static_cast<unsigned long long>(done.n), static_cast<unsigned long long>(a.arrivals));
        return 1;
    }
    const std::uint64_t events = a.arrivals + done.n;
    std::printf("{\"peer\": \"%s\", \"version\": \"%s\", \"c\": %d, \"load\": %g, \"arrivals\": %llu, \"events\": %llu, "
                "\"seconds\": %.9g, \"events_per_second\": %.9g, \"mean_completion\": %.9g}\n",
                peer, version, a.c, a.load, static_cast<unsigned long long>(a.arrivals),
                static_cast<unsigned long long>(events), seconds, static_cast<double>(events) / seconds,
                done.sum / ticks_per_second / static_cast<double>(done.n));
    return 0;
}
