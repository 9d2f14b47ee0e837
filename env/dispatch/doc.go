// Package dispatch chooses a server for each request, at data-plane speed.
//
// Appendix C.3: ECMP and WCMP spread requests at random, LSQ and SED send each
// to the least-loaded server by the LB's own count, Oracle looks at what no LB
// can see. Beside them stand what is used in practice: power of two choices,
// Envoy's weighted least request, peak-sensitive average latency, Prequal, and
// gRPC's round robin on reported load; and, for reference, LSQ and SED with
// ordered ties and with global counts, and SED with the true capacities. The
// agents' weights act through the SED form as well: a request goes to
// argmin_j (q_ij + 1) / a_ij (paper/README.md), ties broken fairly.
//
// A rule never picks a server that is out (View.Out). What it remembers beyond
// a View it forgets when an episode begins (Resetter) and saves
// (snapshot.Stater); after it is restored, its View is invalidated.
package dispatch
