// Package qmix is Q-learning for load balancing: QMix-LB, whose LBs are trained
// together on the team's reward, and IQL-LB, whose LBs learn each from its own
// (independent Q-learning). Both act alone, each LB on its own traffic.
//
// Each LB has a utility of the levels of log-weight that it chooses for its
// servers, from a network that shares its weights over servers (nn.ServerNet). It is
// learned by TD(lambda) on windows of episodes with double Q-learning and target
// networks; nothing but the utilities acts. The two differ in what they fit:
//
//   - QMix-LB (New): the mixer of package hypernet joins the utilities to the value of
//     all, which falls in none of them, so that the best joint action is the best one
//     of each LB. The loss is the team's TD error through the mixer, and nothing else.
//     Mixed LB by LB (Config.Mixed, lbs), as published, there is one value, of the
//     team's whole reward. Mixed server by server (servers) there is one of each
//     server, of that server's part of the team's reward: what an LB did to a server
//     is then not drowned by what happened at the others.
//   - IQL-LB (NewIndependent): each server's part of an LB's utility is a value of its
//     own, of the LB's own reward of that server. There is no mixer.
//
// A utility is a sum of parts, one per server. Two forms of them:
//
//   - levels: a value for each level of each server. It can learn any game
//     that factors, but what a level is worth drowns in what the state is.
//   - quadratic: concave in the server's log-weight, counted from the mean by
//     shares w of all servers', for weights act by their ratios: what one
//     server gets the others lose, and their parts know. The LB's best levels
//     are those nearest to the peak of the sum, which has a closed form. Mixed
//     server by server by a network, that peak is the best joint action only where
//     the mixer weighs servers alike; by a plain sum, and of levels, always.
//
// Learner.Update (learner.go) makes a round; what one update does, in order, is in
// update.go: windows are drawn, the targets computed (target.go), the loss (loss.go)
// taken down its gradient, and the target networks and the averaged utilities
// follow. networks.go has the utilities and the value of a joint action, actor.go the
// exploration and the average by which a policy acts (Config.ActionAverage), figures.go
// what is reported. A form of the utility is a type in utility.go.
//
// Rashid et al. 2018, "QMIX: Monotonic Value Function Factorisation for Deep
// Multi-Agent Reinforcement Learning", is cited as [QMIX], Sunehag et al. 2018,
// "Value-Decomposition Networks for Cooperative Multi-Agent Learning", whose
// mixer is a plain sum, as [VDN].
package qmix
