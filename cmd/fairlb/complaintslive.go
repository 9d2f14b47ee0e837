package main

import (
	"fmt"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/scenario"
)

// openLive makes live targets; why an episode is no measurement is added to doubts.
func (a *app) openLive(doubts *[]string) func(s scenario.Scenario, name string) (target.Target, error) {
	noSearch := func() (target.Target, error) {
		return target.Target{}, invalid.Errorf("target %q: its weights are searched for one scenario, not for complaints", "tuned")
	}
	return func(s scenario.Scenario, name string) (target.Target, error) {
		t, guarded, err := liveTarget(s, name, noSearch)
		if err != nil {
			return t, err
		}
		tell := func(end string) func(target string, seed uint64, what string) {
			return func(target string, seed uint64, what string) {
				*doubts = append(*doubts, fmt.Sprintf("%s, %s, seed %d: %s%s", s.Name, target, seed, what, end))
			}
		}
		return loopback.Setup{Checked: true}.Live(s, t, guarded, loopback.Told{Doubt: tell(": no measurement"), Note: tell("")})
	}
}
