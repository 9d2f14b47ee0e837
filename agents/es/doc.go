// Package es is an evolution strategy (Salimans et al. 2017, "Evolution
// Strategies as a Scalable Alternative to Reinforcement Learning", with
// antithetic pairs): a method without critics. Each LB's policy has few
// parameters,
//
//	u_j = b_j + sum_k theta_k z_jk,
//
// an offset of each server and, shared by all servers, a coefficient of each
// normalised feature z; the weights are exp(u), u centred over servers.
//
// Every workload is played twice, with all LBs' parameters moved by some noise
// and by its opposite. Each LB draws its own noise and compares what the two
// trials earned: what the others do is to it part of the workload, and so LBs
// come to take different shares of equal servers, which no gradient through
// noisy actions has shown them. Judged by its own reward, each LB moves to where
// it does best, and all to an equilibrium of selfish LBs; judged by the team's,
// to where all do best together. The latter wants one number of each trial to be
// shared, in training alone (Config.Fitness).
//
// Search (search.go), which moves parameters by what trials have earned, knows
// nothing of policies; package delay uses it too. The policy is in actor.go.
package es
