package scenario

// The names that fields of a scenario may have, whose rules are in Rules; those
// of changes are beside the changes, and those of laws in package workload.

func disciplines() []string { return []string{"fifo", "processor-sharing"} }

// windows has "" for a window that is left out: begin.
func windows() []string { return []string{"", "begin", "random"} }

func resources() []string { return []string{"cpu", "io"} }
