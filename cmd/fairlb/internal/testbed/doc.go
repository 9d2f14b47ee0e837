// Package testbed makes of a scenario what a testbed on one machine consists of: emulated
// servers (env/testbed/emulated) that do its stations in real time, and a client
// (env/testbed/client) that sends its requests.
package testbed
