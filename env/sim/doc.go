// Package sim is the discrete-event simulator of appendix C.1, an env.Env.
//
// M load balancers (package env/balancer) send requests to N servers (package
// env/station). A request passes stages, each in a server's CPU station or in its IO
// station. Packets take time between the nodes, and a server whose backlog is full
// refuses a request.
//
// What the published testbed adds to that is optional, and off in the zero Config: of
// servers, see env/station. An LB may count a flow only once its connection
// is established (Config.CountEstablished) and not see that one is refused
// (Config.UnseenRefusals), and a client may try again (Config.SYNRetries).
//
// Servers and LBs come, go and fail, and servers change their speed, their
// processors and the background jobs that run there, by a schedule or at random.
//
// The engine processes four kinds of events: arrivals from a workload.Source,
// completions of stages, packets that reach a server, and what comes from outside
// (changes, samples of the true state, and messages that servers push). Replies are no events: they are
// processed before anything reads what they change. An event costs O(log) of the tasks
// and of the servers. State is in flat slices: once these have grown, an event
// allocates nothing.
//
// The same seed and the same actions give the same episode, bit for bit, which
// golden_test.go holds it to. Where to change what:
//
//	env.go         the environment: Reset, Step, observations and rewards
//	config.go      what can be configured
//	engine.go      the event loop
//	request.go     the life of a request
//	connection.go  when an LB counts it, and what follows if its server does not take it
//	change.go      changes of servers and LBs, and when they happen
//	membership.go  what a change does
//	reports.go     what servers tell a rule that asks (dispatch.Reports)
//	tellings.go    what servers tell LBs of how many requests they have (dispatch.Told)
//	globalstate.go what only a simulator knows (dispatch.GlobalState, env.Truth)
//
// Package queueing below it compares it with queueing theory, package inference
// asks what an LB could infer of the others, and peers holds programs that
// compare it with other simulators.
package sim
