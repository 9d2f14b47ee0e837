// Package linelog writes logs of JSON lines: what `fairlb agent` decided, the
// connections of `fairlb lb`. A log is for whoever reads it later, and nobody waits for
// it: a disk that is full or a reader that is slow costs lines, which are counted, and
// never the tail of a line without its head.
package linelog
