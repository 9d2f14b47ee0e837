package policy

import "fmt"

// Head names the kind of distribution that a policy has over log-weights, in the
// settings of the methods that offer both.
type Head string

// The kinds of policy.
const (
	Gaussian Head = "gaussian" // continuous: a squashed Gaussian per server
	Discrete Head = "discrete" // a categorical over Levels per server
)

// LogWeights returns the lowest and the highest log-weight of a policy of this kind
// with the given box or levels, and the setting that they come from with its value,
// as CheckLogWeights names it.
func (h Head) LogWeights(box float64, levels []float64) (setting string, low, high float64) {
	if h == Discrete {
		return fmt.Sprintf("levels = %v", levels), levels[0], levels[len(levels)-1]
	}
	return fmt.Sprintf("box = %v", box), -box, box
}
