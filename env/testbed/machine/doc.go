// Package machine says how busy the machine was, by other programs than those that measure,
// while something was measured in real time.
package machine
