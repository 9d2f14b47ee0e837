package main

import (
	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/store"
)

// storeFlags are the flags of commands that keep the results of jobs in a folder.
type storeFlags struct{ anyBuild bool }

func (f *storeFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.anyBuild, "any-build", false, "take trainings and evaluations in the folder that other builds of the program have made, too")
}

// open returns the store of a folder.
func (f *storeFlags) open(dir string, x store.Executor) *store.Store {
	s := store.New(dir, x)
	s.AnyBuild = f.anyBuild
	return s
}

// warnOfDamage says which results were damaged and have been made again.
func (a *app) warnOfDamage(s *store.Store) {
	for _, damage := range s.Damage() {
		a.log.Warn(damage)
	}
}

// logExceptions logs how many results of other builds there are, and which results were
// damaged.
func (f *storeFlags) logExceptions(a *app, s *store.Store) {
	a.warnOfDamage(s)
	switch n := s.OtherBuilds(); {
	case n == 0:
	case f.anyBuild:
		a.log.Warnf("%d results in %s were made by other builds of the program", n, s.Dir)
	default:
		a.log.Infof("%d results in %s were made by other builds of the program and are left alone; --any-build takes them", n, s.Dir)
	}
}
