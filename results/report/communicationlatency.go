package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/text"
)

// The units of a link, in bit/s and s.
const (
	megabit     = 1e6
	millisecond = 1e-3
)

// WriteCommunicationLatencyText writes round-trip times beside messages of a controller as a
// table for a terminal.
func WriteCommunicationLatencyText(w io.Writer, f *figure.CommunicationLatency) error {
	if err := f.Check(); err != nil {
		return err
	}
	t := figureTable{
		title:  fmt.Sprintf("%s. Round-trip times beside a controller's messages to agents, on a link of %g Mbit/s, ms", f.Figure, f.Rate/megabit),
		header: []string{"message", "kB", "agents", "offered, Mbit/s", "sent", "round trips", "lost", "mean", "p50", "p90", "p99", "longest", "p50 / idle", "p99 / idle"},
		labels: 1,
		notes: []string{
			fmt.Sprintf("Each message to every agent each %g s, by TCP, over two network namespaces and a pair of interfaces, whose directions have a token bucket (tbf) of %g Mbit/s with a queue of %g kB each. "+
				"Round trips: of echo requests of 84 bytes at random times, answered by the kernel. Lost: not answered within a second, and in no quantile.", f.Period, f.Rate/megabit, float64(f.Queue)/1000),
			fmt.Sprintf("The messages: what %s moves in %s. The paper: %g ms on an idle link, and more than %d times as much beside messages.", f.Method, f.Scenario, paper.IdleRoundTrip/millisecond, paper.BusyRoundTrips),
			fmt.Sprintf("%s, %s. Other programs used %.0f %% of the processors meanwhile, other virtual machines %.0f %%.", f.Measured, f.Machine, 100*f.Others, 100*f.Stolen),
		},
	}
	ms := func(seconds float64) string { return fixed(seconds/millisecond, 3) }
	row := func(what, bytes, offered string, p *figure.LinkLatency) {
		over := func(part float64) string { return fixed(p.Times.Quantile(part)/f.Idle.Times.Quantile(part), 1) }
		t.rows = append(t.rows, []string{what, bytes, strconv.Itoa(p.Agents), offered, fixed(p.Sent/megabit, 2), strconv.Itoa(p.Times.N), strconv.Itoa(p.Lost),
			ms(p.Times.Mean), ms(p.Times.Quantile(0.5)), ms(p.Times.Quantile(0.9)), ms(p.Times.Quantile(0.99)), ms(p.Times.Longest), over(0.5), over(0.99)})
	}
	row("none", "-", "-", &f.Idle)
	for k := range f.Messages {
		m := &f.Messages[k]
		for i := range m.Points {
			row(m.What, fixed(float64(m.Bytes)/1000, 1), fixed(m.Offered(m.Points[i].Agents, f.Period)/megabit, 2), &m.Points[i])
		}
	}
	return t.write(w)
}

// WriteCommunicationLatencyCSV writes one row a message and number of agents, the first
// without any: numbers of echo requests, mean and longest round trip, and the quantiles in
// s, to six digits, all_P at the part P of those that were answered.
func WriteCommunicationLatencyCSV(w io.Writer, f *figure.CommunicationLatency) error {
	header := []string{"scenario", "method", "message", "message_bytes", "agents", "rate_bit_s", "queue_bytes", "period_s", "offered_bit_s", "sent_bit_s",
		"others_part", "stolen_part", "answered", "lost", "mean_s", "max_s"}
	for _, p := range figure.Quantiles() {
		header = append(header, figure.QuantileColumn(false, p))
	}
	rows := [][]string{header}
	add := func(m *figure.CommunicationMessage, p *figure.LinkLatency) {
		row := []string{f.Scenario, f.Method, m.What, strconv.Itoa(m.Bytes), strconv.Itoa(p.Agents), text.Exact(f.Rate), strconv.Itoa(f.Queue), text.Exact(f.Period),
			text.Exact(m.Offered(p.Agents, f.Period)), strconv.FormatFloat(p.Sent, 'g', 6, 64), strconv.FormatFloat(f.Others, 'g', 3, 64), strconv.FormatFloat(f.Stolen, 'g', 3, 64),
			strconv.Itoa(p.Times.N), strconv.Itoa(p.Lost), text.Exact(p.Times.Mean), text.Exact(p.Times.Longest)}
		rows = append(rows, append(row, quantileTexts(p.Times.All, true)...))
	}
	add(&figure.CommunicationMessage{What: "none"}, &f.Idle)
	for k := range f.Messages {
		for i := range f.Messages[k].Points {
			add(&f.Messages[k], &f.Messages[k].Points[i])
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}
