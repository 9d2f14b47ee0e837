// Package servicecurve measures what one server of the testbed makes of so many requests
// at a time, and computes what the simulator's model makes of the same: the service curve.
// Clients are a closed loop: as one request ends, its client sends the next, each by a
// connection of its own, straight to the server.
package servicecurve
