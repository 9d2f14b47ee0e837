// Package hypernet is the mixing network of QMIX (Rashid et al. 2018, "QMIX:
// Monotonic Value Function Factorisation for Deep Multi-Agent Reinforcement
// Learning", cited as [QMIX]): it joins the utilities of all agents to one value
// of their joint action, which falls in none of them, so that the best joint
// action is the best one of each agent. Its weights are made of the global state
// by networks of their own, the hypernetworks.
//
// Package qmix trains it together with the utilities; nothing of it is needed to
// act. Its layers are kernels of agents/nn (RowProduct applies the weights): what
// a mixer computes is changed in Mixer.Apply, what it is made of in New.
package hypernet
