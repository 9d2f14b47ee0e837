// Package testbed will hold the live environments: shared-memory layouts, a
// TCP data plane of our own, and HAProxy (DESIGN.md, section 9). It is empty
// so far.
package testbed
