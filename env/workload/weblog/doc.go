// Package weblog turns the access logs of web servers into trace files, which
// package env/workload replays. It reads the common and the combined log format, as
// Apache and nginx write them, with a request time behind the standard fields if
// the server was told to log it.
//
// Logs are streamed. What is kept of a request is its time, its path, the names of
// its parameters and how long it took. Addresses, users, referrers, agents and,
// unless they are asked for, the values of parameters are left out.
//
// To read another log format, see line.go, which parses a line; import.go puts the
// requests in order and writes them.
package weblog
