package sim

import (
	"math"
	"slices"
	"unsafe"

	"fairlb/env/estimate"
	"fairlb/env/observe"
	"fairlb/env/station"
)

// Size is what decides how much an environment takes. Its figures may be of a
// scenario that nothing has been allocated for.
type Size struct {
	Servers, LBs float64
	Steps        float64 // of an episode
	Duration     float64 // of an episode, s
	Observe      bool    // Config.Observe
	Requests     float64 // that arrive in an episode
	// RequestFields are the paths of the settings that say how many.
	RequestFields []string
	Stages        float64 // mean number of stages of a request
	MaxStages     float64
	InFlight      float64 // requests in flight at a time, at most
	Changes       float64 // of servers and LBs in an episode
	Messages      float64 // of servers to LBs in an episode (Config.TellEvery)
}

// Bytes of what there is one of for each server at each LB: its part of the
// view, of the tables of flows and reports, of a rule's scores, and of a step.
const bytesOfView = 160

// Bytes of a request in flight, beside its demands: what the engine, the event
// queues and the balancer keep of it.
const bytesOfRequest = 160

// Estimate returns what an environment of that size holds, and what one of its
// episodes takes.
func (s Size) Estimate() estimate.Estimate {
	var e estimate.Estimate
	perServer := float64(bytesOfView)
	if s.Observe {
		perServer += 2 * float64(unsafe.Sizeof(observe.Reservoir{}))
		e.Add(estimate.Events, "what load balancers observe of servers", []string{"servers", "lbs", "duration", "step_interval"}, s.Steps+s.Duration/observe.SampleInterval, s.LBs, s.Servers)
	}
	e.Add(estimate.Memory, "what load balancers know of servers", []string{"servers", "lbs"}, s.LBs, s.Servers, perServer)
	e.Add(estimate.Memory, "servers", []string{"servers"}, s.Servers, 2*float64(unsafe.Sizeof(station.Station{}))+200)
	e.Add(estimate.Memory, "requests in flight", append(slices.Clone(s.RequestFields), "workload.classes", "cpu.backlog", "duration"), s.InFlight, bytesOfRequest+8*math.Max(1, s.MaxStages))
	e.Add(estimate.Memory, "changes", []string{"random_changes", "duration"}, s.Changes, float64(unsafe.Sizeof(station.Change{})), 2)
	e.Add(estimate.Events, "requests", append(slices.Clone(s.RequestFields), "workload.classes", "duration"), s.Requests, 1+s.Stages)
	e.Add(estimate.Events, "messages of servers to load balancers", []string{"reports.every", "servers", "lbs", "duration"}, s.Messages)
	return e
}
