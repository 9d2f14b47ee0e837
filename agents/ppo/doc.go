// Package ppo is proximal policy optimisation for load balancing (Schulman et
// al. 2017, "Proximal Policy Optimization Algorithms", cited as [PPO]): the
// methods ippo and mappo. It learns on-policy: a round of updates learns from the
// episodes that were observed since the last one, and drops them.
//
// Every LB has an actor of its own that sees that LB's traffic alone: an
// equivariant network (nn.ServerNet) whose outputs per server are a squashed
// Gaussian over the log-weight, or a categorical over levels of it. The two
// methods differ in what values the states:
//
//   - ippo: a value function per LB, of that LB's observations and rewards;
//   - mappo: one value function of the observations of all LBs, a server's row
//     being theirs side by side, and of the mean of their rewards (Yu et al.
//     2022, "The Surprising Effectiveness of PPO"). Acting stays local.
//
// Rewards are sums over servers, so a value function has one output V_j per
// server, fitted to the lambda-return of that server's own reward stream; the
// advantage of an action is the sum of the servers'.
//
// Learner.Update (learner.go) reads in the order of a round: the actors prepare it
// (actor.go), the value functions make returns and advantages of it (critic.go,
// gae.go), then all networks train at once on minibatches (round.go) by the losses
// of loss.go. A kind of policy is a head (head.go).
package ppo
