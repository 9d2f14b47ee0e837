package workload

// Resource is what a stage of a request needs.
type Resource uint8

// The resources of a server (appendix C.1).
const (
	CPU Resource = iota
	IO
)

func (r Resource) String() string {
	if r == IO {
		return "io"
	}
	return "cpu"
}

// Request is one request as it arrives.
type Request struct {
	Time   float64   // s since the episode began, never decreasing
	Class  int       // index into the workload's classes
	LB     int       // the LB at which it arrives
	Demand []float64 // s of service at nominal speed, one a stage of its class
}

// Class is an application: the stages that each of its requests goes through.
type Class struct {
	Name   string
	Share  float64 // its part of the arrivals; shares sum to 1
	Stages []Stage

	// Paths are the patterns (NewPattern) by which the requests of a trace
	// are assigned to classes: the first class with a pattern that matches
	// takes a request, and a last class without patterns takes the rest.
	// Synthetic requests do not need them.
	Paths []string
}

// Stage is one visit to a resource.
type Stage struct {
	Resource Resource
	Law      Law
}

// Source yields the requests of an episode.
type Source interface {
	// Next fills r with the next request. It returns io.EOF when none
	// follows, or what is wrong with the input. r.Demand must have room for
	// the class with the most stages, and is cut to the stages of its class.
	Next(r *Request) error

	// Close frees what the source holds.
	Close() error
}

// MaxStages returns the largest number of stages of any class.
func MaxStages(classes []Class) int {
	most := 0
	for _, c := range classes {
		most = max(most, len(c.Stages))
	}
	return most
}
