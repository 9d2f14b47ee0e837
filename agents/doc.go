// Package agents is the contract between the loop that runs episodes and the
// methods that act and learn: Actor, Learner, and the named parameters that a
// checkpoint holds. Packages sac, qmix and ppo implement it, agents/methods
// chooses among them by name.
package agents
