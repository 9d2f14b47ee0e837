// Package propertytest makes the property tests of a package, which draw their cases by
// pgregory.net/rapid, draw the same ones in every run: their seed is 1 unless -rapid.seed
// gives another one (0: one by the time; make properties does). Tests import it for that
// alone.
package propertytest

import (
	"flag"

	_ "pgregory.net/rapid" // has its flags
)

func init() {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
}
