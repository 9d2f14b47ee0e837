// Package sac is soft actor-critic for load balancing: Distr-LB, one
// independent learner per LB, which sees that LB's traffic alone.
//
// Every LB has an actor, twin critics with target networks, a temperature and
// a random stream of its own; only the replay buffer is shared, and each reads
// its own rows of it. An action is a vector of log-weights u; the weights that
// dispatch by are exp(u).
//
// Two heads, chosen by Config.Head:
//
//   - gaussian: a squashed Gaussian per server, reparameterised, and critics
//     that learn one Q_j per server from that server's own reward stream;
//   - discrete: a categorical over levels of log-weight per server, critics
//     Q(s, a) = V(s) + sum_j U_j(s, a_j), and exact expectations per head.
//
// In both the critic's gradient reaches the actor. The networks share their
// weights over servers (nn.ServerNet). Haarnoja et al. 2018, "Soft Actor-Critic
// Algorithms and Applications", is cited as [SAC].
//
// Batches are drawn uniformly or, if Config.Priority is set, by priorities of
// each learner's own (Schaul et al. 2016, "Prioritized Experience Replay",
// cited as [PER]).
package sac
