// Package lab is what a testbed makes of Linux as root, and how that goes away again:
// network namespaces, pairs of interfaces into them, control groups with quotas of
// processor time, and files.
//
// A lab has a number, the least that no other living one has. Its lock is one that the
// kernel frees as the process ends, and all that the lab makes is named by the number. What
// a lab left that crashed, the next one removes as it is taken. A living one is never
// touched. Addresses are of 198.18.0.0/15 (RFC 2544: for measurements of networks), a part
// of it for each number.
package lab
