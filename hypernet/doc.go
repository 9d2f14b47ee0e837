// Package hypernet is the mixing network of QMIX (DESIGN.md, section 6): it
// joins the agents' utilities to one value of all of them, which falls in none
// of them, with weights that networks of their own make of the global state.
// Package qmix trains it; nothing of it is needed to act. Rashid et al. 2018,
// "QMIX: Monotonic Value Function Factorisation for Deep Multi-Agent
// Reinforcement Learning", is cited as [QMIX].
package hypernet
