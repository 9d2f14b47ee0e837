// Package health finds out whether servers work, by checks of its own: it connects to
// each of them every so often (TCP), or asks it for a page (HTTP), and reports when what
// it found changes. What failed connections of clients tell (passive checks) is the
// plane's own business.
//
// What results mean is decided by a State, which is pure; a Checker runs one goroutine a
// server, whose checks are spread in time and have deadlines.
package health
