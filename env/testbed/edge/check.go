package edge

import (
	"fmt"

	"fairlb/env/testbed/lab"
)

// MaxBalancers is how many load balancers there can be behind an edge; one more link is the
// clients'.
const MaxBalancers = 63

// Check says whether this system can have an edge before so many load balancers.
func Check(lbs int) error {
	if lbs < 1 || lbs > MaxBalancers {
		return fmt.Errorf("%w: %d load balancers behind an edge: 1 to %d", lab.ErrUnsupported, lbs, MaxBalancers)
	}
	_, err := lab.Find(false)
	return err
}
