package simd

import (
	"fmt"
	"os"

	"golang.org/x/sys/cpu"
)

// Variable is the environment variable that chooses the implementation: empty
// for the fastest that the processor runs, Plain for the portable one.
const (
	Variable = "FAIRLB_BLAS"
	Plain    = "gonum"
)

var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// useAVX2 says whether the assembly runs; tests of the portable path clear it.
var useAVX2 = hasAVX2 && os.Getenv(Variable) != Plain

// Name names what runs: "AVX2" or "gonum".
func Name() string {
	if useAVX2 {
		return "AVX2"
	}
	return Plain
}

// CheckEnvironment returns an error if Variable holds anything but the two
// values that it may have.
func CheckEnvironment() error {
	if v := os.Getenv(Variable); v != "" && v != Plain {
		return fmt.Errorf("environment variable %s = %q: must be %q or empty", Variable, v, Plain)
	}
	return nil
}
