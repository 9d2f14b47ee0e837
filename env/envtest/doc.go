// Package envtest holds the conformance suite that every env.Env passes, and a
// tiny environment for tests of what runs on top of one.
package envtest
