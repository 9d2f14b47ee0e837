package guard

// Reason is why the weights are whose they are.
type Reason uint8

const (
	Healthy    Reason = iota // the actor acts, and there is nothing against it
	Stale                    // the load balancer tells nothing new
	Servers                  // the servers are not those that the actor was trained for
	Failed                   // the actor returned an error
	Panicked                 // the actor panicked
	Invalid                  // the actor's weights are not finite or out of bounds
	Slow                     // flows take longer under the actor than under the fallback
	Comparison               // the fallback acts for a window, so that the two can be compared

	reasons // their number
)

// Reasons lists all reasons.
func Reasons() []Reason {
	list := make([]Reason, reasons)
	for r := range list {
		list[r] = Reason(r)
	}
	return list
}

// String returns the reason's name, as in metrics and logs.
func (r Reason) String() string {
	switch r {
	case Healthy:
		return "healthy"
	case Stale:
		return "stale"
	case Servers:
		return "servers"
	case Failed:
		return "error"
	case Panicked:
		return "panic"
	case Invalid:
		return "invalid"
	case Slow:
		return "slow"
	case Comparison:
		return "comparison"
	}
	return "unknown"
}
