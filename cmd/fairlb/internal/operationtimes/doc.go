// Package operationtimes times the operations of the paper's Table 7 on regions of
// shared memory (env/testbed/shm) over a grid of sizes (eval/theory/complexity), in
// processor time of the thread that does them, so that other work on the machine counts
// only for what it does to caches. It needs Linux.
package operationtimes
