package scenario

// This file has the scenarios of complaints about load balancers that people have filed.
// Package eval/complaints says of each who complains, what of, and what would content him.
// They are small enough for a machine with two cores that runs them in real time with
// emulated servers, and their load balancers are proxies, which see what a server refuses.

// complaintBuiltins lists them.
func complaintBuiltins() []builtin {
	return []builtin{
		{"complaint/many-lbs", "8 LBs, 20 x 4 CPU + 20 x 2 CPU: each LB has fewer requests than servers (haproxy issue 178, envoy issue 35935)", manyBalancers},
		{"complaint/starved", "5 equal servers, of which one is slow for the first second (traefik issue 12306)", starvedServer},
		{"complaint/flooded", "4 LBs, 6 servers, of which one is half as fast again (caddy issue 7879, ingress-nginx issue 4023)", floodedServer},
		{"complaint/fails-fast", "2 LBs, 5 equal servers, of which one fails requests at once from 5 to 15 s (linkerd2-proxy pull request 4537)", failingFast},
		{"complaint/forgotten", "2 equal servers, of which one takes seven times as long from 5 to 15 s (servicecomb-java-chassis issue 2176)", forgottenServer},
	}
}

// complaint is what those scenarios have in common: servers of 32 workers, requests of one
// stage of CPU, agents that act as often as `fairlb agent` does.
func complaint(lbs int, duration float64, classes ...Class) Scenario {
	s := Default()
	s.LBs = lbs
	s.CPU = CPU{Discipline: "processor-sharing", Workers: 32, Backlog: 128}
	s.StepInterval = 0.25
	s.Duration = duration
	s.Workload.Classes = classes
	return s
}

// oneClass returns the class of requests of exponential demand (s).
func oneClass(mean float64) Class {
	return Class{Name: "task", Share: 1, Stages: []Stage{stage("cpu", mean)}}
}

// manyBalancers has at each LB some 10 requests for 40 servers, of which the smaller half is
// rarely the best by the LB's own counts over capacities.
func manyBalancers() Scenario {
	s := complaint(8, 20, oneClass(0.2))
	s.Servers = []ServerGroup{{20, 4, 1}, {20, 2, 1}}
	s.Workload.Arrivals.Load = 0.7
	return s
}

// starvedServer has as many requests as were counted in the issue, of jobs of three sizes.
// The first responses of the second server are slow, those of the others are not.
func starvedServer() Scenario {
	job := func(name string, share, demand float64) Class {
		return Class{Name: name, Share: share, Stages: []Stage{{Resource: "cpu", Law: "deterministic", Mean: demand}}}
	}
	s := complaint(1, 25, job("A", 0.5, 0.02), job("B", 0.3, 0.05), job("C", 0.2, 0.125))
	s.Servers = []ServerGroup{{5, 1, 1}}
	s.Workload.Arrivals.Rate = 60
	s.Changes = []Change{
		{At: 0, Kind: "speed", Servers: []int{1}, Value: 0.2},
		{At: 1, Kind: "speed", Servers: []int{1}, Value: 1},
	}
	return s
}

// floodedServer has one server that answers sooner than the others as long as it is not
// given more than its part.
func floodedServer() Scenario {
	s := complaint(4, 20, oneClass(0.03))
	s.Servers = []ServerGroup{{5, 2, 1}, {1, 2, 1.5}}
	s.Workload.Arrivals.Load = 0.7
	return s
}

// failingFast has servers of which four can do the work of five.
func failingFast() Scenario {
	s := complaint(2, 20, oneClass(0.03))
	s.Servers = []ServerGroup{{5, 2, 1}}
	s.Workload.Arrivals.Load = 0.5
	s.Changes = []Change{
		{At: 5, Kind: "fail-fast", Servers: []int{3}},
		{At: 15, Kind: "return", Servers: []int{3}},
	}
	return s
}

// forgottenServer has the figures: 200 requests/s, 100 ms each, and at one of two
// servers 700 ms for a while.
func forgottenServer() Scenario {
	s := complaint(1, 30, oneClass(0.1))
	s.CPU.Workers = 256
	s.Servers = []ServerGroup{{2, 32, 1}}
	s.Workload.Arrivals.Rate = 200
	s.Changes = []Change{
		{At: 5, Kind: "speed", Servers: []int{0}, Value: 0.142857},
		{At: 15, Kind: "speed", Servers: []int{0}, Value: 1},
	}
	return s
}
