// Package recordtest helps tests that change records.
package recordtest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Reseal gives the lines of a record the sums that they would have been written
// with, as somebody who changes a record on purpose might.
func Reseal(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	sum := ""
	for line := range strings.Lines(string(data)) {
		k := strings.LastIndex(line, `,"sum":"`)
		if k < 0 {
			t.Fatalf("%s: a line without a sum: %s", path, line)
		}
		sum = fmt.Sprintf("%x", sha256.Sum256([]byte(sum+line[:k]+"}")))[:16]
		fmt.Fprintf(&out, "%s,\"sum\":\"%s\"}\n", line[:k], sum)
	}
	if err := os.WriteFile(path, []byte(out.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}
