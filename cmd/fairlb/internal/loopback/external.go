package loopback

import (
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"

	"fairlb/env/sim"
	"fairlb/env/station"
)

// external is a load balancer of others, which a process of one thread each is for every
// load balancer of the scenario. It balances as it is: nobody steers it, and nobody tells it
// which servers are out.
type external struct {
	name    string   // of the program, and what begins its targets' names
	title   string   // what people call it
	balance []choice // by target
	// installed reports what is missing beside the program; nil: nothing can be.
	installed func(program string) error
	// settings is the settings file of one load balancer that listens at an address. checked
	// says that it finds out by itself which servers fail (Setup.Checked).
	settings func(program, balance string, listen netip.AddrPort, servers []weighted, idle int, checked bool) string
	// args are those of the command line that runs it in the foreground by a settings file.
	args func(file string) []string
}

// choice is one way to balance.
type choice struct {
	target  string // behind the program's name
	balance string // in the program's words
}

// weighted is a server as an external load balancer knows it: its weight is its number of
// CPUs.
type weighted struct {
	name    string
	address netip.AddrPort
	weight  int
}

// externals lists the programs that can be targets.
func externals() []external { return []external{haproxy(), nginx()} }

// ExternalTargets names the targets that are other load balancers.
func ExternalTargets() (names []string) {
	for _, x := range externals() {
		for _, c := range x.balance {
			names = append(names, x.name+"-"+c.target)
		}
	}
	return names
}

// isExternal says whether a target is another load balancer.
func isExternal(target string) bool { return slices.Contains(ExternalTargets(), target) }

// findExternal returns the program that a target is, and how it balances as that.
func findExternal(target string) (external, string) {
	for _, x := range externals() {
		for _, c := range x.balance {
			if x.name+"-"+c.target == target {
				return x, c.balance
			}
		}
	}
	return external{}, ""
}

// check reports everything for which the program cannot be a target.
func (x *external) check(target string, cfg *sim.Config, fault func(format string, args ...any)) {
	program, err := exec.LookPath(x.name)
	if err == nil && x.installed != nil {
		err = x.installed(program)
	}
	if err != nil {
		fault("target %q: %w", target, err)
	}
	out := func(kind station.ChangeKind) bool { return kind == station.Drain || kind == station.Fail }
	if slices.ContainsFunc(cfg.Changes, func(c station.Change) bool { return out(c.Kind) }) {
		fault("target %q: nobody tells %s which servers are out (changes)", target, x.title)
	}
	if slices.ContainsFunc(cfg.Random, func(c sim.RandomChanges) bool { return out(c.Kind) }) {
		fault("target %q: nobody tells %s which servers are out (random_changes)", target, x.title)
	}
}

// maxExternalWeight is the largest weight that servers are given, which all of the programs
// take.
const maxExternalWeight = 256

// weightedServers are the servers of the environment as external load balancers know them.
func (e *Env) weightedServers() (list []weighted) {
	most := 1
	for _, s := range e.sim.Servers {
		most = max(most, s.CPUs)
	}
	for j, at := range e.servers.Addresses() {
		weight := e.sim.Servers[j].CPUs
		if most > maxExternalWeight {
			weight = max(1, weight*maxExternalWeight/most)
		}
		list = append(list, weighted{serverName(j), at, weight})
	}
	return list
}

// lines is a line a server.
func lines(servers []weighted, format func(s weighted) string) string {
	var b strings.Builder
	for _, s := range servers {
		fmt.Fprintln(&b, format(s))
	}
	return b.String()
}
