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

// Request is one arrival.
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

	// Paths are the patterns (NewPattern) by which a trace's requests are
	// told apart: the first class that matches takes a request, and one
	// without patterns, the last, takes the rest. Else unused.
	Paths []string
}

// Stage is one visit to a resource.
type Stage struct {
	Resource Resource
	Law      Law
}

// Source yields the requests of an episode.
type Source interface {
	// Next fills r and returns nil, or io.EOF when no request follows, or
	// what is wrong with the input. r.Demand has room for the longest class
	// and is cut to the class's stages.
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
