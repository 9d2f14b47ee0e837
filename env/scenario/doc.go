// Package scenario describes simulated environments as settings files: servers,
// load balancers, the workload, and what changes during an episode. Load reads
// a file or a built-in scenario, with overrides, and checks it; Config turns it
// into the configuration of a simulation (env/sim), to which the caller adds
// what steers it. The simulator itself takes values and knows no file.
//
// The fields of a file are the structs in scenario.go and change.go; their
// comments are the descriptions in the JSON schema of scenario files. The rules
// of the fields are the methods called Rules and rules. A new field needs a
// comment, its rule, and a line in build.go; then run make schema. The built-in
// scenarios, which are those of Tables 9 to 16 and a few of our own, are in
// builtin.go.
package scenario
