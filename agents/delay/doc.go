// Package delay is a method without rewards: each LB fits a model of how long flows
// take to its own flows alone, and dispatches by it.
//
// A flow that meets q others of its LB on server j is said to take
//
//	(q + 1) exp(-u_j(x)) s
//
// on average, where x is what the LB observed at the beginning of the step and
// u_j the sum of an offset of the server and a permutation equivariant network
// of the features. The likelihood is that of exponential times, whose best
// offsets alone are u_j = log(n_j / sum T/(q+1)). The weights are
// exp(kappa u_j + c_j), u centred over servers: who follows the least expected
// delay alone is too greedy, because what a flow does to those behind it is not
// in it, and the corrections c_j hold what a single factor cannot.
//
// Training has two parts. In the first, episodes are played with noise on u,
// constant over an episode, and the model is fitted. In the second it is
// frozen, and kappa and the corrections are chosen: each workload is played
// twice, with opposite noise on them, and each LB moves them to where fewer
// requests were ongoing (es.Search), of all LBs or of its own alone
// (Config.Fitness).
//
// model.go has the model of one LB and its fit, kernel.go its likelihood, learner.go
// the two parts of training and actor.go the policy.
package delay
