package scenario

import "fairlb/env/workload"

// Choices returns the values of the fields that have a list of them, by path in
// a file, with [] for an element.
func Choices() map[string][]string {
	return map[string][]string{
		"cpu.discipline":                       disciplines(),
		"workload.window":                      windows(),
		"workload.classes[].stages[].resource": resources(),
		"workload.classes[].stages[].law":      workload.LawNames(),
		"changes[].kind":                       changeKinds(),
		"random_changes[].kind":                randomKinds(),
	}
}

func disciplines() []string { return []string{"fifo", "processor-sharing"} }

func windows() []string { return []string{"", "begin", "random"} }

func resources() []string { return []string{"cpu", "io"} }
