// Package theory will hold the two-server Markov chain of appendix A and the
// potential and Nash gaps of appendix B. It is empty so far.
package theory
