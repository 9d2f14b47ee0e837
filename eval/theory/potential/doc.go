// Package potential is appendix B of the paper as mathematics: what the variance-based
// fairness (VBF) of one load balancer's (LB's) loads has to do with that of all loads.
// It knows no simulator; `fairlb theory potential` brings it recorded loads.
//
// Lemma 11 as printed says that VBF of the sum of two load vectors is the sum of their
// VBFs. It leaves out their covariance: F(l) = F_i(l_i) + F_-i(l_-i) - 2 cov_j(l_ij, l_-ij),
// which decompose.go computes. So Theorem 14, that the game of LBs with VBF rewards is a
// Markov potential game whose potential is the total VBF, holds only up to an epsilon:
// deviation.go measures it on two recorded trajectories, games.go computes it in games
// that are small enough to be solved. propositions.go looks for counterexamples to
// Propositions 12 and 13 among random loads.
package potential
