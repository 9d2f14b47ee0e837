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
//     Q(s, a) = V(s) + sum_j U_j(s, a_j), and exact expectations per head; or,
//     if Config.Discrete says so, the gaussian head's critics and straight-
//     through Gumbel-softmax samples of levels (Jang et al. 2017, "Categorical
//     Reparameterization with Gumbel-Softmax").
//
// In both the critic's gradient reaches the actor. The networks share their
// weights over servers (nn.ServerNet). Haarnoja et al. 2018, "Soft Actor-Critic
// Algorithms and Applications", is cited as [SAC].
//
// Batches are drawn uniformly or, if Config.Priority is set, by priorities of
// each learner's own (Schaul et al. 2016, "Prioritized Experience Replay",
// cited as [PER]).
//
// Config.Baseline takes a value of the state alone out of what the critics
// learn: rewards r_j become r_j - (Phi_j(s) - gamma Phi_j(s')), which changes no
// action's advantage (potential); or it splits critics into a value of the state
// and an advantage over the policy's mode (perServer.q).
//
// Networks may be recurrent instead (Config.Network), in the paper's form: flat,
// a GRU between dense layers (nn.RecurrentNet), with the gaussian head, for
// Distr-LB, RLB-SAC and Centr-LB. They learn from windows of an agent's steps,
// of whole episodes if Config.Window is 0, by the same losses; gradients flow
// back through the window and no further. Actor, critics and target critics
// each have a state of their own. Where windows begin within episodes, all five
// are stored with the episode when it is observed, by running the networks of
// that moment over it: they are the parameters that acted, so the actor's are
// the states that it acted in. A window's states are the stored ones, run over
// burn-in by the present networks (Kapturowski et al. 2019, "Recurrent
// Experience Replay in Distributed Reinforcement Learning"). The critics' are
// stored too, as they cost little: from zero, a burn-in would have to be as long
// as what is to be remembered. Whole episodes begin from zero, as acting does,
// and nothing is stored. A critic's history is what was done; an action of the
// policy is valued one step on from it.
//
// For them there is no discrete head, and there are no priorities, which are of
// single transitions: both are refused.
package sac
