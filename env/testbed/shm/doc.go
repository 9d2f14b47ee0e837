// Package shm is a data plane as a file in shared memory (appendix C.2.4): a load
// balancer publishes what it observes there, what steers it reads that and writes
// weights. Neither waits for the other, and either may be killed at any moment and come
// back. A plane uses a Publisher; what steers it uses Open, a testbed.Plane.
//
// There are two layouts, whose codecs are pure and run anywhere; mapping a file needs
// Linux.
//
// Layout v2 is fairlb's own (layout.go). A header has magic, version and sizes, and for
// each side who has it and its last sign of life. A server table names the server of each
// slot under a generation that rises when the slot changes hands. Observations go out and
// weights come in by m frames in turn with a seqlock each (frames.go): a reader takes the
// newest frame whose lock was even and the same before and after the copy, and one that a
// killed writer left half is passed over. Each server has two reservoirs, whose samples
// bear sequence numbers (samples.go), so that a reader takes in only what is new and never
// a half one. Everything is 8-byte aligned; times are ns on the machine's monotonic clock.
//
// Layout v1 is that of the plugin with which the paper's testbed ran (v1.go): packed, with
// a magic nowhere and times in float32 seconds. Its frames have an id that is 0 while one
// is written; reservoirs lie outside the frames. What can be mended on the reader's side
// is: the id is checked again after the copy, and a writer that began again at id 1 is
// recognised (latest1). It counts nothing but flows under way; the numbers of completed
// flows are estimated from how many samples are new.
package shm
