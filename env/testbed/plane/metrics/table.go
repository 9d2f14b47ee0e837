package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/health"
)

// table lists all metrics.
type table struct {
	whole                  []metric[plane.Snapshot]
	decider, ended, faults metric[plane.Snapshot] // with a label more, whose value is the caller's
	histograms             []histogramOf
	servers                []metric[plane.ServerState]
	checks                 []metric[health.Status]
	loops                  []metric[plane.LoopState]
	heard, refused         metric[plane.ReportsState]  // the second with a label more, whose value is the caller's
	reports                []metric[plane.ServerState] // of servers that have told something
}

// metric is a metric of a T.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*T) float64
}

// metric returns the metric with a value.
func (m *metric[T]) metric(value float64, labels ...string) prometheus.Metric {
	made, err := prometheus.NewConstMetric(m.desc, m.kind, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(m.desc, err) // a name that is no UTF-8
	}
	return made
}

// histogramOf is a histogram of a balancer.
type histogramOf struct {
	desc  *prometheus.Desc
	value func(*plane.Snapshot) *plane.Histogram
}

const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue

// describe describes a metric of fairlb lb; the label lb is the balancer's name.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("fairlb_lb_"+name, help, append([]string{"lb"}, labels...), nil)
}

// truth is a truth as a gauge has it.
func truth(x bool) float64 {
	if x {
		return 1
	}
	return 0
}

func newTable() table {
	return table{
		whole:      wholeMetrics(),
		decider:    metric[plane.Snapshot]{describe("decider_info", "By what servers are chosen now: a heuristic, or weights.", "decider"), gauge, nil},
		ended:      metric[plane.Snapshot]{describe("connections_ended_total", "Connections that have ended, by how.", "outcome"), counter, nil},
		faults:     metric[plane.Snapshot]{describe("faults_total", "Faults that connections met, by kind; one connection may meet several.", "kind"), counter, nil},
		histograms: histogramMetrics(),
		servers:    serverMetrics(),
		checks:     checkMetrics(),
		loops:      loopMetrics(),
		heard:      metric[plane.ReportsState]{describe("reports_heard_total", "Reports in which servers told how many requests they have, and that were taken."), counter, nil},
		refused:    metric[plane.ReportsState]{describe("reports_refused_total", "Datagrams that were not taken for a server's report, by reason.", "reason"), counter, nil},
		reports:    reportMetrics(),
	}
}

// wholeMetrics lists the metrics of a balancer as a whole.
func wholeMetrics() []metric[plane.Snapshot] {
	type s = plane.Snapshot
	of := func(name, help string, kind prometheus.ValueType, value func(*s) float64) metric[s] {
		return metric[s]{describe(name, help), kind, value}
	}
	return []metric[s]{
		of("uptime_seconds", "Time since the balancer began.", gauge, func(s *s) float64 { return s.Uptime.Seconds() }),
		of("ready", "Whether the balancer wants to get connections.", gauge, func(s *s) float64 { return truth(s.Ready) }),
		of("draining", "Whether the balancer accepts no more connections.", gauge, func(s *s) float64 { return truth(s.Drain) }),
		of("connections_active", "Connections under way, those in the queue included.", gauge, func(s *s) float64 { return float64(s.Open) }),
		of("connections_queued", "Connections that wait because every server is full.", gauge, func(s *s) float64 { return float64(s.Queued) }),
		of("connections_accepted_total", "Connections accepted.", counter, func(s *s) float64 { return float64(s.Accepted) }),
		of("accept_pauses_total", "Times that a loop stopped accepting because the limit of connections was reached.", counter, func(s *s) float64 { return float64(s.Paused) }),
		of("retries_total", "Attempts at another server.", counter, func(s *s) float64 { return float64(s.Retried) }),
		of("client_received_bytes_total", "Bytes received from clients.", counter, func(s *s) float64 { return float64(s.Received) }),
		of("client_sent_bytes_total", "Bytes sent to clients.", counter, func(s *s) float64 { return float64(s.Sent) }),
		of("spliced_bytes_total", "Bytes, of both directions, that were passed on within the kernel.", counter, func(s *s) float64 { return float64(s.Spliced) }),
		of("connection_records_lost_total", "Ended connections that the log does not have because it was not read in time.", counter, func(s *s) float64 { return float64(s.Lost) }),
	}
}

// histogramMetrics lists the histograms.
func histogramMetrics() []histogramOf {
	return []histogramOf{
		{describe("connection_duration_seconds", "Time of ended connections, from accept to the end."), func(s *plane.Snapshot) *plane.Histogram { return &s.Duration }},
		{describe("connect_duration_seconds", "Time until a server accepted a connection."), func(s *plane.Snapshot) *plane.Histogram { return &s.Connect }},
		{describe("queue_duration_seconds", "Time of connections in the queue."), func(s *plane.Snapshot) *plane.Histogram { return &s.Wait }},
	}
}

// ofServer returns a metric of each server.
func ofServer(name, help string, kind prometheus.ValueType, value func(*plane.ServerState) float64) metric[plane.ServerState] {
	return metric[plane.ServerState]{describe("server_"+name, help, "server", "address"), kind, value}
}

// serverMetrics lists the metrics of a server.
func serverMetrics() []metric[plane.ServerState] {
	type s = plane.ServerState
	of := ofServer
	return []metric[s]{
		of("in", "Whether the server gets new connections: it is up, neither drained nor penalised.", gauge, func(s *s) float64 { return truth(s.In) }),
		of("up", "Whether the server works, as the health check found.", gauge, func(s *s) float64 { return truth(s.Up) }),
		of("drained", "Whether the administrator wants the server to get no new connections.", gauge, func(s *s) float64 { return truth(s.Drained) }),
		of("penalised", "Whether the server is out for a time because connections failed.", gauge, func(s *s) float64 { return truth(s.Penalised) }),
		of("leaving", "Whether the server has left the settings, and its connections go on.", gauge, func(s *s) float64 { return truth(s.Leaving) }),
		of("weight", "The agent's weight; 0 where the rule takes none.", gauge, func(s *s) float64 { return s.Weight }),
		of("connections_active", "Connections under way.", gauge, func(s *s) float64 { return float64(s.Ongoing) }),
		of("connections_total", "Connections that were sent to the server, tries that failed included.", counter, func(s *s) float64 { return float64(s.Dispatched) }),
		of("connections_completed_total", "Connections that ended well.", counter, func(s *s) float64 { return float64(s.Completed) }),
		of("connections_failed_total", "Connections that the server refused, reset before any answer, or let time out.", counter, func(s *s) float64 { return float64(s.Failed) }),
		of("completed_duration_seconds_total", "Time of the connections that ended well, in all.", counter, func(s *s) float64 { return s.DurationSum }),
		of("completed_load_total", "Connections that were under way just before each that ended well, itself included, in all; over the time in all, what the server can do.", counter, func(s *s) float64 { return s.CountSum }),
		of("received_bytes_total", "Bytes received from the server.", counter, func(s *s) float64 { return float64(s.Received) }),
		of("sent_bytes_total", "Bytes sent to the server.", counter, func(s *s) float64 { return float64(s.Sent) }),
	}
}

// reportMetrics lists the metrics of what a server tells of its requests.
func reportMetrics() []metric[plane.ServerState] {
	type s = plane.ServerState
	of := ofServer
	return []metric[s]{
		of("reports_total", "Reports of the server that were taken.", counter, func(s *s) float64 { return float64(s.Reports) }),
		of("reported_requests", "Requests that the server had by its newest report.", gauge, func(s *s) float64 { return float64(s.Reported) }),
		of("report_age_seconds", "Time since the newest report of the server came.", gauge, func(s *s) float64 { return s.ReportAge }),
	}
}

// checkMetrics lists the metrics of a server's health checks.
func checkMetrics() []metric[health.Status] {
	type s = health.Status
	of := func(name, help string, kind prometheus.ValueType, value func(*s) float64) metric[s] {
		return metric[s]{describe("server_"+name, help, "server", "address"), kind, value}
	}
	return []metric[s]{
		of("checks_total", "Health checks.", counter, func(s *s) float64 { return float64(s.Checks) }),
		of("checks_failed_total", "Health checks that failed.", counter, func(s *s) float64 { return float64(s.Failures) }),
		of("changes_total", "Times that health checks brought the server in or put it out.", counter, func(s *s) float64 { return float64(s.Changes) }),
		of("check_duration_seconds", "Time that the last health check took.", gauge, func(s *s) float64 { return s.Took.Seconds() }),
	}
}

// loopMetrics lists the metrics of an event loop.
func loopMetrics() []metric[plane.LoopState] {
	type s = plane.LoopState
	of := func(name, help string, kind prometheus.ValueType, value func(*s) float64) metric[s] {
		return metric[s]{describe("loop_"+name, help, "loop"), kind, value}
	}
	return []metric[s]{
		of("connections_active", "Connections under way.", gauge, func(s *s) float64 { return float64(s.Open) }),
		of("connections_accepted_total", "Connections accepted.", counter, func(s *s) float64 { return float64(s.Accepted) }),
		of("turns_total", "Times that the loop looked for events.", counter, func(s *s) float64 { return float64(s.Turns) }),
		of("waits_total", "Times that the loop had no events and slept.", counter, func(s *s) float64 { return float64(s.Waits) }),
		of("overflows_total", "Events for other loops that found their ring full, and were kept.", counter, func(s *s) float64 { return float64(s.Overflow) }),
		of("buffers", "Buffers that hold data which a peer has not taken yet.", gauge, func(s *s) float64 { return float64(s.Buffers) }),
		of("pipes", "Pipes through which connections are spliced.", gauge, func(s *s) float64 { return float64(s.Pipes) }),
	}
}
