// Package dispatch chooses a server for each request, at data-plane speed.
//
// Appendix C.3: ECMP and WCMP spread requests at random, LSQ and SED send each
// to the least-loaded server by the LB's own count, Oracle looks at what no LB
// can see. Beside them stand power of two choices, LSQ and SED with ordered
// ties, and both with global counts, for reference. The agents' weights act
// through the SED form as well: a request goes to argmin_j (q_ij + 1) / a_ij
// (paper/README.md), ties broken fairly.
package dispatch
