// Package qmix is QMIX for load balancing: QMix-LB, whose LBs are trained
// together, on one team reward, and act alone, each on its own traffic.
//
// Each LB has a utility of the levels of log-weight that it chooses for its
// servers, from a network that shares its weights over servers (nn.ServerNet).
// The mixer of package hypernet joins the utilities to the value of all, which
// falls in none of them, so that the best joint action is the best one of each
// LB. It is learned by TD(lambda) on windows of episodes with double
// Q-learning and target networks; nothing but the utilities acts.
//
// A utility is a sum of parts, one per server. Two forms of them:
//
//   - levels: a value for each level of each server. It can learn any game
//     that factors, but what a level is worth drowns in what the state is.
//   - quadratic: concave in the server's log-weight, counted from the mean by
//     shares w of all servers', for weights act by their ratios: what one
//     server gets the others lose, and their parts know. So each part can
//     learn from its own server's reward, in which an action is not drowned
//     by the other servers; the mixer learns from the team's as ever. The
//     LB's best levels are those nearest to the peak, which has a closed form.
//
// Learner.Update (learner.go) makes a round; what one update does, in order, is in
// update.go: windows are drawn, the targets computed (target.go), the loss (loss.go)
// taken down its gradient, and the target networks and the averaged utilities
// follow. networks.go has the utilities and the value of a joint action, actor.go
// the exploration, figures.go what is reported. A form of the utility is a type in
// utility.go.
//
// Rashid et al. 2018, "QMIX: Monotonic Value Function Factorisation for Deep
// Multi-Agent Reinforcement Learning", is cited as [QMIX], Sunehag et al. 2018,
// "Value-Decomposition Networks for Cooperative Multi-Agent Learning", whose
// mixer is a plain sum, as [VDN].
package qmix
