package policy

// Head names the kind of distribution that a policy has over log-weights, in the
// settings of the methods that offer both.
type Head string

// The kinds of policy.
const (
	Gaussian Head = "gaussian" // continuous: a squashed Gaussian per server
	Discrete Head = "discrete" // a categorical over Levels per server
)
