// Package agents is the contract between what runs episodes and the methods that
// act and learn in them: an Actor sets the weights of all LBs from a Step of an
// environment, a Learner makes Actors and learns from episodes, and a Parameter
// is a named tensor that a checkpoint holds. Comparer and Saver are what some or
// all learners can do besides.
//
// The learners are in packages of their own (sac, qmix, agents/ppo, agents/es,
// agents/delay). Package agents/methods is the table of them; to add one, begin
// there.
package agents
