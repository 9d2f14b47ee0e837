// Package loadprobe is active probing on the testbed: what the paper holds against load
// balancers that measure for themselves (appendix E.2.2, Figure 9). Beside each server a
// responder (Listen) answers on a TCP port of its own what the server is doing; a
// controller (Run) keeps a connection to each and asks it so many times a second.
//
// A probe is 4 bytes, the number of the probe, and the answer 24 (Status), as many as the
// payload of the paper's control packet: number of the server, processors, busy workers and
// requests in service or waiting, of 2 bytes each, then the processor time used so far and
// the time when this was so, of 8 bytes each, in microseconds. The paper has CPU and memory
// use there; memory is nothing that emulated servers use. All numbers are unsigned, with
// the highest byte first. Answers are in the order of the probes, so that
// they need not say which they answer.
//
// What was sent is counted at the socket: bytes as they are written and read, and the
// segments that carried them, acknowledgements included, as the kernel counts them
// (TCP_INFO, Linux only).
package loadprobe
