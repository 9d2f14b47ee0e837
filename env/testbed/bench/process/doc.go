// Package process runs the balancers that a benchmark compares, each pinned to a core,
// reads the processor time that they have used, and tells what machine they run on.
//
// Processor time is read from the CPU clock of the process (clock_getcpuclockid(3)),
// which counts ns of all its threads, of those that have ended too, where /proc/PID/stat
// counts ticks of 10 ms. It runs on Linux.
package process
