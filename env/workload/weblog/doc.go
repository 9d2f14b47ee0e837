// Package weblog turns web servers' access logs into trace files, which package
// workload replays: common and combined log format, as Apache and nginx write
// them, with a request time behind the standard fields where there is one.
//
// Logs are streamed. What is kept of a request is its time, its path, the names
// of its parameters and how long it took; addresses, users, referrers, agents
// and, unless they are asked for, parameters' values are left out.
package weblog
