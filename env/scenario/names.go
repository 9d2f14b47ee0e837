package scenario

import (
	"fairlb/env/dispatch"
	"fairlb/env/workload"
)

// The names that fields of a scenario may have, whose rules are in Rules; those
// of changes are beside the changes, and those of laws in package workload.

func disciplines() []string { return []string{"fifo", "processor-sharing"} }

// windows has "" for a window that is left out: begin.
func windows() []string { return []string{"", "begin", "random", "blocks"} }

// tieRules has "" for ties that are left out: fair.
func tieRules() []string { return append([]string{""}, dispatch.TiesNames()...) }

// countings and refusals have "" for what is left out: the first name.
func countings() []string { return []string{"", "chosen", "established"} }
func refusals() []string  { return []string{"", "seen", "unseen"} }

// ties returns how LSQ, SED and weighted dispatch break ties.
func (s *Scenario) ties() (dispatch.Ties, error) {
	if s.Ties == "" {
		return dispatch.FairTies, nil
	}
	return dispatch.ParseTies(s.Ties)
}

// window returns the part of a trace that an episode replays.
func (w *Workload) window() workload.Window {
	switch w.Window {
	case "random":
		return workload.FromAnywhere
	case "blocks":
		return workload.InBlocks
	}
	return workload.FromBeginning
}

func resources() []string { return []string{"cpu", "io"} }
