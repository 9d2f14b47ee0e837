// Package hypernet will hold the hypernetwork of QMIX, which makes the
// monotonic mixer's weights from the global state (DESIGN.md, section 6). It
// is empty so far.
package hypernet
