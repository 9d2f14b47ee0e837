// Package sac is soft actor-critic for load balancing (Haarnoja et al. 2018,
// "Soft Actor-Critic Algorithms and Applications", cited as [SAC]): the methods
// Distr-LB and RLB-SAC, in which every LB has an independent learner that sees
// that LB's traffic alone, and Centr-LB, one learner that sees and steers all LBs
// for one reward (Yao & Ding, section 3 and appendix E.2).
//
// Episodes come in by Learner.Observe, actors that explore and act go out by
// Learner.Explorer and Learner.Policy; between them Learner.Update learns. An
// action is a vector u of log-weights, one for each server (and LB); dispatch is
// by the weights exp(u).
//
// # Where things are
//
// A Learner (learner.go) has an agent for each LB, or one for all (agent.go): an
// actor, twin critics with target networks, a temperature (temperature.go) and
// random streams. What an agent does in an update, in the order in which it
// happens, is its trainer's: draw a batch, targets, critics, actor, temperature,
// averages. There is one for each kind of networks (Config.Network):
//
//   - feedForward (feedforward.go): equivariant networks, which share their
//     weights over servers (nn.ServerNet) and learn from single transitions;
//   - recurrent (recurrent.go; its networks, its graphs, its policy and the states
//     in which windows begin have files of their own): a GRU between dense layers
//     (nn.RecurrentNet), in the paper's form, which learns from windows of an
//     agent's steps.
//
// Feed-forward networks come with kinds of policies and critics (heads.go):
//
//	Config.Head, Config.Discrete  policy                             critics
//	gaussian                      gaussian.go: a squashed Gaussian   per_server.go: Q_j of each server,
//	                                                                 from that server's own rewards
//	discrete, straight-through    straight_through.go: samples of a  per_server.go
//	                              categorical with gradients
//	discrete, exact               categorical.go                     factored.go: V + sum_j U_j,
//	                                                                 exact expectations
//
// Critics learn an LB's own rewards or the team's (Config.TeamReward), and of pairs of
// trials on one workload what each earned more than the other (Config.Paired).
//
// sampler.go draws their transitions, uniformly or by priorities of each agent's
// own (Schaul et al. 2016, "Prioritized Experience Replay", cited as [PER];
// Config.Priority), and baseline.go takes a value of the state alone out of the
// rewards (Config.Baseline). Recurrent networks have the gaussian policy,
// critics per server, uniform draws and no baseline; anything else is refused.
//
// figures.go has what is reported of a round, state.go what is saved of a
// learner.
//
// # States of recurrent networks
//
// Actor, critics and target critics each have a state of their own. Where windows
// begin within episodes, all five are stored with the episode when it is
// observed, by running the networks of that moment over it: theirs are the
// parameters that acted, so the actor's states are those that it acted in. A
// window begins in the stored states, run over burn-in by the present networks
// (Kapturowski et al. 2019, "Recurrent Experience Replay in Distributed
// Reinforcement Learning"). The critics' are stored too, as they cost little:
// from zero, a burn-in would have to be as long as what is to be remembered.
// Whole episodes begin from zero, as acting does, and nothing is stored.
//
// # What to change where
//
// A kind of policy is a policyHead, or a sampledHead if critics per server are to
// train it, and a case in newPolicyHead; a kind of critics a criticHead and a
// case in feedForward.build; a way to draw a sampler and a case in newSampler.
package sac
