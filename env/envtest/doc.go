// Package envtest holds the conformance suite that every env.Env must pass, and
// Fake, a tiny environment for tests of what runs on top of one.
//
// A new environment calls Conformance in its tests. What package env promises of
// every environment is checked in conformance.go; a new promise goes there.
package envtest
