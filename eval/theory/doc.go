// Package theory is above the packages of the paper's theory, which are mathematics
// alone and know no simulator: markov solves small systems of servers and load
// balancers as Markov chains, twoservers is the one of appendix A; game is finite games,
// potential the potential of appendix B, nash what selfish load balancers lose.
package theory
