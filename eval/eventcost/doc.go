// Package eventcost reads what an event of the simulator costs as the system
// grows, from the output of the benchmark BenchmarkGrowth of package env/sim.
// Package results/chart draws it.
package eventcost
