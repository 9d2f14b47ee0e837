// Package policy is what the methods share whose policies steer LBs from what
// they observe: the Actor, which normalises observations (agents/normalise),
// asks one policy after the other for log-weights and makes weights of them; the
// kinds of policy that a settings file can choose; and what an environment must
// be like for a policy. The learners (sac, qmix, agents/ppo, agents/es,
// agents/delay) make its policies and return its Actors.
package policy
