// Package nash asks what load balancers (LBs) lose that each look after their own: the
// pure equilibria of two LBs which share two servers and choose their weights from a
// list, and the price of anarchy, an equilibrium's mean completion time over the least
// that the two can have together. Every pair of weights is solved exactly, as a Markov
// chain of package eval/theory/markov or, where tasks are sent at random, by formula. It
// is mathematics alone and knows no simulator.
package nash
