package agentprocess

import (
	"io"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/linelog"
)

// decisionLog writes what was decided, one JSON object a line, from a goroutine of its
// own. If that cannot follow, lines are lost and counted; nobody waits for it.
type decisionLog struct {
	lines *linelog.Lines
	queue *linelog.Queue // nil: nothing is logged
}

// logRoom is the number of lines that wait to be written.
const logRoom = 256

func newDecisionLog(out io.Writer, log logrus.FieldLogger) *decisionLog {
	l := &decisionLog{lines: linelog.New("decisions", log)}
	if out != nil {
		l.lines.Take(linelog.Shared(out))
		l.queue = linelog.NewQueue(l.lines, logRoom)
	}
	return l
}

// write logs what a steerer has decided.
func (l *decisionLog) write(s *steerer, now time.Time, wrote bool) {
	if l.queue != nil {
		l.queue.Put(appendDecision(l.queue.Buffer(), s, now, wrote))
	}
}

// run writes lines until close was called and all are written.
func (l *decisionLog) run() error {
	if l.queue != nil {
		l.queue.Run()
	}
	return nil
}

// close ends the log.
func (l *decisionLog) close() {
	if l.queue != nil {
		l.queue.Close()
	}
}

// appendDecision appends the line of a decision.
func appendDecision(b []byte, s *steerer, now time.Time, wrote bool) []byte {
	d := s.decision()
	b = append(b, `{"time":`...)
	b = linelog.AppendTime(b, now)
	b = append(b, `,"plane":`...)
	b = linelog.AppendString(b, s.source.Name)
	b = append(b, `,"step":`...)
	b = strconv.AppendInt(b, s.status.step, 10)
	b = appendField(b, "late_s", s.step.Late)
	b = appendBool(b, "stale", s.step.Stale[0])
	by := s.cfg.name()
	if d.Fallback {
		by = SelfTuning
	}
	b = append(b, `,"by":`...)
	b = linelog.AppendString(b, by)
	b = append(b, `,"reason":"`...)
	b = append(b, d.Reason.String()...)
	b = append(b, '"')
	b = appendBool(b, "changed", d.Changed)
	b = appendBool(b, "written", wrote)
	if d.Fault != nil {
		b = append(b, `,"fault":`...)
		b = linelog.AppendString(b, d.Fault.Error())
	}
	b = appendField(b, "flows_per_s", s.traffic.Rate())
	b = appendField(b, "duration_s", s.traffic.Duration())
	if s.cfg.Shadow {
		b = appendShadow(b, s)
	}
	b = append(b, `,"servers":{`...)
	first := true
	for j, slot := range s.order.slots {
		if slot < 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendServer(b, s, j, slot)
	}
	return append(b, "}}\n"...)
}

// appendServer appends what was seen of a server, and its weight.
func appendServer(b []byte, s *steerer, j, slot int) []byte {
	n := &s.step.Counts[0][j]
	b = linelog.AppendString(b, s.reading.Servers[slot].Name)
	b = append(b, `:{"weight":`...)
	b = linelog.AppendNumber(b, s.dst[0][j])
	b = append(b, `,"ongoing":`...)
	b = strconv.AppendInt(b, int64(n.Ongoing), 10)
	b = append(b, `,"dispatched":`...)
	b = strconv.AppendInt(b, int64(n.Dispatched), 10)
	b = append(b, `,"completed":`...)
	b = strconv.AppendInt(b, int64(n.Completed), 10)
	b = append(b, `,"failed":`...)
	b = strconv.AppendInt(b, int64(n.Failed), 10)
	b = appendField(b, "load_s", s.step.Load[0][j])
	if n.Out {
		b = append(b, `,"out":true`...)
	}
	return append(b, '}')
}

// appendShadow appends what weights would do that are not written.
func appendShadow(b []byte, s *steerer) []byte {
	b = append(b, `,"shadow":{"moved":`...)
	b = linelog.AppendNumber(b, s.estimate.Moved)
	b = appendField(b, "duration_s", s.estimate.Duration)
	b = appendField(b, "self_tuning_duration_s", s.tunerEstimate.Duration)
	return append(b, '}')
}

func appendField(b []byte, name string, x float64) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return linelog.AppendNumber(b, x)
}

func appendBool(b []byte, name string, x bool) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return strconv.AppendBool(b, x)
}
