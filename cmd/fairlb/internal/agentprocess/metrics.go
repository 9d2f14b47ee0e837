package agentprocess

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairlb/agents/guard"
)

var _ prometheus.Collector = (*collector)(nil)

// histograms are those of a process.
type histograms struct {
	work     *prometheus.HistogramVec // s, by plane, of the work of an interval
	lateness *prometheus.HistogramVec // s, by plane
}

// observe adds an interval.
func (h *histograms) observe(plane string, work, late time.Duration) {
	h.work.WithLabelValues(plane).Observe(work.Seconds())
	h.lateness.WithLabelValues(plane).Observe(late.Seconds())
}

// nativeFactor is the ratio of two bounds of a native histogram.
const nativeFactor = 1.1

func newHistograms() *histograms {
	vec := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "fairlb", Subsystem: "agent", Name: name, Help: help,
			NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: 100,
		}, []string{"plane"})
	}
	return &histograms{
		work:     vec("interval_work_seconds", "Time from reading a plane to having written its weights."),
		lateness: vec("interval_lateness_seconds", "How long after its moment an interval was served."),
	}
}

// collector makes metrics of what steerers have published.
type collector struct {
	list  []*steerer
	lines *decisionLog
	cfg   *Config

	descs map[string]*prometheus.Desc
}

func newCollector(list []*steerer, lines *decisionLog, cfg *Config) *collector {
	c := &collector{list: list, lines: lines, cfg: cfg, descs: map[string]*prometheus.Desc{}}
	for _, m := range collected() {
		c.descs[m.name] = prometheus.NewDesc("fairlb_agent_"+m.name, m.help, m.labels, nil)
	}
	c.descs["log_lines_lost_total"] = prometheus.NewDesc("fairlb_agent_log_lines_lost_total", "Decisions that the log does not have.", nil, nil)
	c.descs["guard_changes_total"] = prometheus.NewDesc("fairlb_agent_guard_changes_total", "How often the fallback began to act for a reason or, for healthy, the policy again.", []string{"plane", "reason"}, nil)
	for _, m := range collectedByServer() {
		c.descs[m.name] = prometheus.NewDesc("fairlb_agent_"+m.name, m.help, []string{"plane", "server"}, nil)
	}
	return c
}

// metric is a metric of a plane.
type metric struct {
	name, help string
	labels     []string
	kind       prometheus.ValueType
	value      func(s *snapshot, c *collector) float64
}

// collected lists the metrics of each plane.
func collected() []metric {
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	plane := []string{"plane"}
	truth := func(x bool) float64 {
		if x {
			return 1
		}
		return 0
	}
	return []metric{
		{"intervals_total", "Intervals served.", plane, counter, func(s *snapshot, _ *collector) float64 { return float64(s.intervals) }},
		{"intervals_late_total", "Intervals served more than a tenth of their length after their moment.", plane, counter, func(s *snapshot, _ *collector) float64 { return float64(s.late) }},
		{"intervals_missed_total", "Intervals not served, because the one before was so late.", plane, counter, func(s *snapshot, _ *collector) float64 { return float64(s.missed) }},
		{"intervals_stale_total", "Intervals without news of the plane.", plane, counter, func(s *snapshot, _ *collector) float64 { return float64(s.stale) }},
		{"write_errors_total", "Intervals whose weights the plane did not take.", plane, counter, func(s *snapshot, _ *collector) float64 { return float64(s.writeErrors) }},
		{"plane_up", "Whether the plane can be read.", plane, gauge, func(s *snapshot, _ *collector) float64 { return truth(s.up) }},
		{"ready", "Whether the plane has news and took the last weights.", plane, gauge, func(s *snapshot, _ *collector) float64 { return truth(s.ready) }},
		{"shadow", "Whether weights are decided on and not written.", plane, gauge, func(_ *snapshot, c *collector) float64 { return truth(c.cfg.Shadow) }},
		{"self_tuning", "Whether self-tuning SED acts, by itself or as the fallback of a policy.", plane, gauge, func(s *snapshot, _ *collector) float64 { return truth(s.fallback) }},
		{"news_age_seconds", "Time since the plane last told something new; NaN: never.", plane, gauge, func(s *snapshot, c *collector) float64 { return age(c.cfg.Clock.Now(), s.lastNews) }},
		{"beat_age_seconds", "Time since weights and a sign of life were last given; NaN: never.", plane, gauge, func(s *snapshot, c *collector) float64 { return age(c.cfg.Clock.Now(), s.lastWritten) }},
		{"guard_faults", "Faults of the policy, less those that time has taken back.", plane, gauge, func(s *snapshot, _ *collector) float64 { return float64(s.faults) }},
		{"guard_duration_ratio", "Mean time of flows under the policy over that under self-tuning, in the last comparison; 0: none yet.", plane, gauge, func(s *snapshot, _ *collector) float64 { return s.ratio }},
		{"guard_evidence", "Evidence that flows take longer under the policy.", plane, gauge, func(s *snapshot, _ *collector) float64 { return s.evidence }},
		{"flows_per_second", "Rate of flows, of the last half minute.", plane, gauge, func(s *snapshot, _ *collector) float64 { return s.flowRate }},
		{"flow_duration_seconds", "Mean time of flows that completed, of the last half minute.", plane, gauge, func(s *snapshot, _ *collector) float64 { return s.duration }},
		{"shadow_moved_ratio", "Part of the flows that would go to another server under the weights of shadow mode, estimated.", plane, gauge, func(s *snapshot, _ *collector) float64 { return s.estimate.Moved }},
		{"shadow_flow_duration_seconds", "Mean time of flows under the weights of shadow mode, estimated.", plane, gauge, func(s *snapshot, _ *collector) float64 { return s.estimate.Duration }},
	}
}

// serverMetric is a metric of a server of a plane.
type serverMetric struct {
	name, help string
	value      func(s *serverStatus) float64
}

// collectedByServer lists the metrics of each server.
func collectedByServer() []serverMetric {
	return []serverMetric{
		{"server_weight_ratio", "Weight of a server over the mean of all.", func(s *serverStatus) float64 { return s.weight }},
		{"server_flows", "Flows under way.", func(s *serverStatus) float64 { return float64(s.ongoing) }},
		{"server_told_requests", "Requests of everybody that a server had by the newest response that says so, that one included; NaN: none has.", func(s *serverStatus) float64 { return s.told }},
		{"server_on_probation", "Whether self-tuning keeps flows from a server that failed them.", func(s *serverStatus) float64 {
			if s.probation {
				return 1
			}
			return 0
		}},
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(c.descs["log_lines_lost_total"], prometheus.CounterValue, float64(c.lines.lines.Lost()))
	for _, s := range c.list {
		p, name := s.status.read(), s.source.Name
		for _, m := range collected() {
			to <- prometheus.MustNewConstMetric(c.descs[m.name], m.kind, m.value(&p, c), name)
		}
		for r, n := range p.changes {
			if p.guarded {
				to <- prometheus.MustNewConstMetric(c.descs["guard_changes_total"], prometheus.CounterValue, float64(n), name, guard.Reason(r).String())
			}
		}
		for k := range p.servers {
			for _, m := range collectedByServer() {
				to <- prometheus.MustNewConstMetric(c.descs[m.name], prometheus.GaugeValue, m.value(&p.servers[k]), name, p.servers[k].name)
			}
		}
	}
}
