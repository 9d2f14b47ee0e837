// Command fairlb trains, evaluates and tabulates load-balancing agents.
//
// Each command has a file here that reads flags, makes one call, and prints what
// came of it; main.go joins the commands, exit.go makes exit codes of errors.
// Only this package makes a logger, prints and exits. What commands share is
// below internal, a package a purpose; ARCHITECTURE.md follows a training
// through them. A new command is a file here and a line in main.go.
package main
