package balancerprocess

import (
	"fmt"

	"fairlb/env/testbed/plane"
)

// Check reads settings and returns what they say in a line.
func Check(file string) (string, error) {
	c, err := plane.ReadFile(file)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is valid: %s listens at %s for %s, by %s", file, c.Name, counted(len(c.Listen), "address", "addresses"), counted(len(c.Servers), "server", "servers"), c.Rule.Name), nil
}

// counted is a number of things.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
