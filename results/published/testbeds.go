package published

import (
	"bytes"
	_ "embed" // for testbedsFile
	"encoding/csv"
	"fmt"
	"strings"
)

// Testbed is a row of Table 8, the paper's survey of the testbeds of related work, or one
// of the paper's own testbeds, which it has in other places.
type Testbed struct {
	Name      string
	Balancers string // how many load balancers, in software where nothing is said; empty: not told
	Servers   string // how many, and of what; empty: not told
	Load      string // the most that is told of the traffic, with its unit; empty: nothing
	Remark    string // in our words
	Source    string // where the paper has it
}

//go:embed testbeds.csv
var testbedsFile []byte

// testbedsHeader is the first record of the file.
const testbedsHeader = "testbed,load_balancers,servers,load,remark,source"

// Testbeds returns the rows of Table 8 in their order, and then the paper's own.
func Testbeds() ([]Testbed, error) { return parseTestbeds("testbeds.csv", testbedsFile) }

// parseTestbeds reads the file. An error names it, the line and the rule.
func parseTestbeds(name string, data []byte) ([]Testbed, error) {
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("published: %s: %w", name, err)
	}
	if len(records) == 0 || strings.Join(records[0], ",") != testbedsHeader {
		return nil, fmt.Errorf("published: %s:1: header must be %q", name, testbedsHeader)
	}
	var list []Testbed
	seen := map[string]bool{}
	for k, r := range records[1:] {
		if r[0] == "" || r[5] == "" || seen[r[0]] {
			return nil, fmt.Errorf("published: %s:%d: must have a testbed's name, which no other has, and a source", name, k+2)
		}
		seen[r[0]] = true
		list = append(list, Testbed{r[0], r[1], r[2], r[3], r[4], r[5]})
	}
	return list, nil
}
