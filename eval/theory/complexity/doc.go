// Package complexity is Table 7 of the paper (appendix C.2.4): what the operations on
// the shared memory between a load balancer and its agent cost, as the paper claims it,
// and how a measurement of our own grows beside that, over the size k of a reservoir, the
// number N of servers and the level m of multi-buffering. It computes; measuring is
// cmd/fairlb/internal/operationtimes, showing is results/report and results/chart.
package complexity
