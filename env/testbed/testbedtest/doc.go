// Package testbedtest helps to test what steers data planes: a Clock that tests move,
// and a Pool, a small model of load balancers and servers whose planes behave, and
// misbehave, as they are told.
package testbedtest
