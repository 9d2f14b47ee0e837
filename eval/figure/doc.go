// Package figure holds what the paper's figures show, as data, and the recorders
// that gather it from episodes while they are played. It stands between the
// playing of episodes (package eval/episodes, or a command that records single
// ones) and package results, which writes and draws the data; it opens and plays
// no environment itself.
//
// A file is a figure: fairweights.go, which weights are fair for an application;
// completiondistributions.go, how completion times are distributed by test case;
// probing.go, how well the load of servers is known that are probed;
// buffergrowth.go, how a replay buffer that agents share grows; capacitychange.go,
// what happens while servers lose capacity; collectionlatency.go, how long it takes
// to get features; communicationlatency.go, what messages to agents do to others on a link; servicecurve.go, what one server makes of
// so many requests at a time. distribution.go and timeline.go have
// the recorders that several need. Which number a figure has in the paper, and
// what is run for it, is in the catalogue of package eval/paper; a new figure
// begins there.
package figure
