// Package delay is a method without rewards: a search on paired workloads that begins
// at a model. Each LB fits a model of how long flows take to its own flows alone, and
// then a search moves what it does with it. 88 % of the episodes of a training are the
// search's (Config.Fit), and it plays each workload twice, which a simulator can do
// and a live system cannot. Of SED's mean completion time the model alone comes
// to 0.943 in pure CPU and 0.855 in misweighted/1.0, the search alone, from equal
// weights (package es without features), to 0.921 and 0.824 to 0.829, both to 0.923 and
// 0.818 to 0.821: the search hardly needs the model (results/studies/tried.md).
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
