// Package pools compares targets over many pools of servers, of which each has
// been evaluated on its own.
//
// The mean completion times of different pools have different scales. What is
// compared are their ratios to a baseline's on the same arrivals, whose mean is
// geometric: it is the same whichever target is the baseline, up to a factor.
// An interval is over pools, as a pool is what is drawn at random.
package pools
