// Package parallel runs functions at once, on goroutines whose owner waits for
// them. A panic in one of them becomes the owner's error, with its stack: a
// goroutine's panic that nobody recovers ends the process, and with it what
// others of its jobs had done. It is a leaf that everything may use.
//
// A fault is carried in one of two ways: Each and Group return it as an error,
// and agents/nn, whose kernels return none, panics with it in the goroutine of
// its caller.
package parallel
