// Package watch shows a trace of a run (results/runtrace) on a terminal: one that is still
// written as it grows, one that is whole at the pace of its episode, or a single frame of it.
// A load balancer that runs is watched by the same frames (Balancer).
package watch
