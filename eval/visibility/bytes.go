package visibility

// The sizes of what probes send, in bytes. The paper's answer is a "69-byte control packet"
// with a payload of 24 bytes: how its other 45 bytes come about it does not say.
const (
	PaperPacket    = 69 // the answer of the paper, all that it counts
	AnswerPayload  = 24
	RequestPayload = 4
	// Header is that of a TCP segment over IPv4 with the timestamps that Linux adds: 20
	// bytes of each and 12 of the option. Ethernet's is not counted.
	Header = 52
)

// delayedAcknowledgement is how long (s) Linux waits for something to be sent, on which it
// acknowledges what has come, before it does so alone.
const delayedAcknowledgement = 0.04

// Segments is the number of those of a probe on a connection that stays: the probe, the
// answer, which acknowledges it, and, unless the next probe does so soon enough, the
// answer's acknowledgement.
func Segments(frequency float64) int {
	if 1/frequency > delayedAcknowledgement {
		return 3
	}
	return 2
}

// RackFlowRate is the rate (bit/s) against which the paper holds that of probes: the 90th
// percentile of the flow rate per destination rack in a data centre (its reference [45]).
const RackFlowRate = 100e3

// AnswersRate is the rate (bit/s) of the paper's answers of so many servers, each probed so
// many times a second.
func AnswersRate(servers int, frequency float64) float64 {
	return 8 * PaperPacket * float64(servers) * frequency
}

// PayloadRate is the rate (bit/s) of probes and answers without headers.
func PayloadRate(servers int, frequency float64) float64 {
	return 8 * (AnswerPayload + RequestPayload) * float64(servers) * frequency
}

// WireRate is the rate (bit/s) of all that probes send both ways, headers included.
func WireRate(servers int, frequency float64) float64 {
	return 8 * (AnswerPayload + RequestPayload + float64(Segments(frequency)*Header)) * float64(servers) * frequency
}
