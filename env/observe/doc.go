// Package observe turns what one LB sees of its own traffic into the features
// of its agent (appendix C.2.4): a count of ongoing requests per server, and
// statistics over reservoirs of flow completion times and of the elapsed
// times of ongoing flows.
package observe
