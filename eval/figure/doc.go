// Package figure holds what the paper's Figures 2a, 4b, 8, 10a and 12 show, as
// data, and what gathers it from episodes as they are played: recorders of
// requests and samplers of the servers' true state. It opens and plays no
// environment; package results draws what it gathered.
package figure
