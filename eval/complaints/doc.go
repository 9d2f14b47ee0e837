// Package complaints judges load balancing by complaints that people have filed about it:
// whoever balances is to content those who complained.
//
// A Complaint has a scenario (complaint/NAME of package env/scenario), a criterion and the
// rule that is complained of. The criterion makes figures of what became of the requests of
// an episode, simulated or live, each with a limit. A limit says what the one who complains
// wants; why it is that one, and not a little more or less, is beside it in criteria.go. That
// the rule complained of is beyond the limit is tested; what else is, the tables show.
//
//	complaint.go   what there is to complain of
//	run.go         what is judged
//	criteria.go    the figures and their limits
//	offenders.go   the rules that are complained of
package complaints
