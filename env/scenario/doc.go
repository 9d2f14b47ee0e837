// Package scenario describes simulated environments as files: servers, load
// balancers, workload and changes. It holds the built-in scenarios by name
// (DESIGN.md, section 4), reads and checks scenario files, and turns one into
// the configuration of env/sim.
package scenario
