package rewards_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain draws the same random vectors in every run, unless -rapid.seed
// says otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	if seed := flag.Lookup("rapid.seed"); seed.Value.String() == "0" {
		if err := seed.Value.Set("1"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
