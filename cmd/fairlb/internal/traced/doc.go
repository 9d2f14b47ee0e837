// Package traced leaves a trace of each episode that a target plays, simulated or live: a
// file that package results/runtrace writes, a line a step, while the episode goes on. What
// is recorded is what the environment tells anyway (the steps, the outcomes, the servers' true
// state), so that nothing of the episode depends on it.
package traced
