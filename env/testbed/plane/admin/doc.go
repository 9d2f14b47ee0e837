// Package admin is the HTTP interface by which a balancer is watched and steered.
//
// On a Unix socket that only its owner may open (Listen) there is everything (Full): the
// state, weights, drained servers, readiness, metrics, profiles. On a loopback address
// there is only what watching needs (Watching). What changes something is a POST.
// Requests have deadlines and bounds (Serve), and what a body says is checked as a whole
// before anything is done, so that a request has effect in full or not at all. Client asks
// the interface of a balancer in another process.
package admin
