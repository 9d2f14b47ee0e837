// Package rewards is the family of fairness measures that agents learn from (Yao &
// Ding, section 3 and appendix E.2.1, Tables 11 and 12).
//
// A reward is a function of what one load balancer (LB) knows: its estimates
// l_j of the load of each server, in s, and its own numbers of ongoing
// requests q_j. Environments evaluate it once per LB and step interval, and hand
// it to the learners with the step (env.Step); a centralised learner earns the
// team's, evaluated on the mean of the LBs' loads (team.go).
//
// A learner whose critics are of single servers earns each server's part of the
// reward (Reward.ByServer, credit.go): its own term where the reward is a sum over
// servers, else its Shapley value or its marginal contribution. All but PBF have
// such parts, and every reward can be given in equal parts of the whole instead, so
// that rewards can be compared under the same credit (Credit).
//
// A new reward is a function in fairness.go, the function of its parts there or in
// credit.go, if it has any, and a line of the table in reward.go.
//
// # Finite for every input
//
// Loads come from live systems and are not trusted. Every function reads an
// entry that is negative or not a number as 0, and one above MaxLoad,
// infinity included, as MaxLoad. So every reward is finite, in float32 as
// well, in which episodes are kept (package replay). A pool without load,
// with one server or with none is perfectly fair: VBF, CV and MS are 0, PBF
// and Jain are 1, logVBF and logMS are at their maxima -log(VarEpsilon) and
// -log(LoadEpsilon).
//
// rewards imports nothing of fairlb.
package rewards
