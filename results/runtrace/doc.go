// Package runtrace is the file of one episode that can be looked at: what each server's
// queue, each load balancer's weights and choices, and the requests that ended were, a line
// of JSON a step interval. Simulated and live episodes write the same (Writer); what draws
// them reads it (Reader), also while it is written.
//
// The first line is the Header. Each other line is a Step; the last, whose End is set, has
// the requests that ended after the episode's last step. Numbers that are measured have four
// significant digits. The package knows neither simulator nor testbed.
package runtrace
