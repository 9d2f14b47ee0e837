// Package agents is the contract between the loop that plays episodes (package
// train) and the methods that act and learn. An Actor turns what the LBs observe
// into weights; a Learner hands out actors, takes in the episodes that they have
// played (package replay) and learns from them; its parameters are what a
// checkpoint holds. A Learner that is a Saver can stop and go on in another
// process, one that is a Comparer plays each workload several times.
//
// Packages sac, qmix, agents/ppo, agents/es and agents/delay implement it, and
// agents/methods has the table of methods. A new method is a package that
// implements Learner and Saver, and a line of that table.
package agents
