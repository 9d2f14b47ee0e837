// Package theory will hold the potential and Nash gaps of appendix B. It is empty so
// far; package theory/markov below it solves small systems of servers and load
// balancers exactly, such as the two servers of appendix A.
package theory
