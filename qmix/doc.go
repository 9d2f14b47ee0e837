// Package qmix is QMIX for load balancing: QMix-LB, whose LBs are trained
// together, on one team reward, and act alone, each on its own traffic.
//
// Each LB has a utility, the sum over servers of Q_j(k_j) for the levels k_j
// of log-weight that it chooses, from a network that shares its weights over
// servers (nn.ServerNet). The mixer of package hypernet joins the utilities to
// the value of all, which falls in none of them, so that the best joint action
// is each server's best level. It is learned by TD(lambda) on windows of
// episodes with double Q-learning and target networks; nothing but the
// utilities acts.
//
// Rashid et al. 2018, "QMIX: Monotonic Value Function Factorisation for Deep
// Multi-Agent Reinforcement Learning", is cited as [QMIX], Sunehag et al. 2018,
// "Value-Decomposition Networks for Cooperative Multi-Agent Learning", whose
// mixer is a plain sum, as [VDN].
package qmix
