package figure

import (
	"fmt"

	"fairlb/eval/rows"
)

// CommunicationLatency says what messages of a controller to agents do to the round-trip
// times of others on the same link.
type CommunicationLatency struct {
	Figure   string // as the paper numbers it: "Figure 10 (b)"
	Scenario string
	Method   string
	Rate     float64 // of the link, bit/s
	Queue    int     // bytes that may wait before it
	Period   float64 // s between two messages to an agent
	Machine  string
	Measured string  // when
	Others   float64 // part of all processors that other programs used meanwhile
	Stolen   float64 // part of them that other virtual machines had

	Idle     LinkLatency // without messages
	Messages []CommunicationMessage
}

// CommunicationMessage is something that is sent to every agent in each period.
type CommunicationMessage struct {
	What   string
	Bytes  int
	Points []LinkLatency // the number of agents rises
}

// LinkLatency is the round-trip times while so many agents are sent something.
type LinkLatency struct {
	Agents int
	Sent   float64 // bit/s that all agents received
	Lost   int     // echo requests that were not answered
	Times  Distribution
}

// Offered is what a controller has to send to so many agents, in bit/s.
func (m *CommunicationMessage) Offered(agents int, period float64) float64 {
	return 8 * float64(m.Bytes) * float64(agents) / period
}

// Check returns ErrEmpty unless there are round trips everywhere.
func (c *CommunicationLatency) Check() error {
	if c.Idle.Times.N == 0 {
		return fmt.Errorf("%w: no round trip without messages", ErrEmpty)
	}
	if len(c.Messages) == 0 {
		return fmt.Errorf("%w: no messages", ErrEmpty)
	}
	for _, m := range c.Messages {
		if len(m.Points) == 0 {
			return fmt.Errorf("%w: %s was sent to nobody", ErrEmpty, m.What)
		}
		for _, p := range m.Points {
			if p.Times.N == 0 {
				return fmt.Errorf("%w: no round trip beside %d messages of %s", ErrEmpty, p.Agents, m.What)
			}
		}
	}
	return nil
}

// CommunicationLatencyOf reads back what report.WriteCommunicationLatencyCSV wrote. Machine
// and day are not recorded.
func CommunicationLatencyOf(file *rows.File) (*CommunicationLatency, error) {
	c := &CommunicationLatency{}
	err := file.Each(func(r *rows.Record) {
		c.Scenario, c.Method = r.Text("scenario"), r.Text("method")
		c.Rate, c.Queue, c.Period = r.Number("rate_bit_s"), r.Count("queue_bytes"), r.Number("period_s")
		c.Others, c.Stolen = r.Number("others_part"), r.Number("stolen_part")
		p := LinkLatency{Agents: r.Count("agents"), Sent: r.Number("sent_bit_s"), Lost: r.Count("lost")}
		p.Times = Distribution{N: r.Count("answered"), Mean: r.Number("mean_s"), Longest: r.Number("max_s"), All: recordedQuantiles(r, false)}
		p.Times.Done = p.Times.All
		if p.Times.N == 0 {
			r.Refuse("answered", "must be at least one")
		}
		if p.Agents == 0 {
			c.Idle = p
			return
		}
		what, bytes := r.Text("message"), r.Count("message_bytes")
		if n := len(c.Messages); n == 0 || c.Messages[n-1].What != what {
			c.Messages = append(c.Messages, CommunicationMessage{What: what, Bytes: bytes})
		}
		m := &c.Messages[len(c.Messages)-1]
		m.Points = append(m.Points, p)
	})
	return c, err
}
