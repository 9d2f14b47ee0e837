package haproxy

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// LogFormat and LogFormatTCP are the lines of a frontend's section of haproxy.cfg by
// which HAProxy logs what is read here, for mode http and for mode tcp. The fields are:
// a mark with the version of the format, HAProxy's process, the backend, the server, how
// the flow ended, its status (0 in mode tcp), bytes sent to the client, the other flows
// that the server had as this one ended, retries, and ms in the queue, ms until the
// server had accepted, ms in all, and in all in us, by HAProxy's own clock.
const (
	LogFormat = `    http-request set-var(txn.fairlb) date(0,us)
    log-format "fairlb1 %pid %b %s %ts %ST %B %sc %rc %Tw %Tc %Ta %[date(0,us),sub(txn.fairlb)]"
`
	LogFormatTCP = `    tcp-request content set-var(sess.fairlb) date(0,us)
    log-format "fairlb1 %pid %b %s %ts %ST %B %sc %rc %Tw %Tc %Tt %[date(0,us),sub(sess.fairlb)]"
`
)

// LogFormatTold is LogFormat with one field more: the value of the response's header
// x-fairlb-requests, in which a server says how many requests it has left, of everybody's.
// It ends the line, so that whatever a server writes there is one field.
const LogFormatTold = `    http-request set-var(txn.fairlb) date(0,us)
    http-response set-var(txn.requests) res.hdr(x-fairlb-requests)
    log-format "fairlb2 %pid %b %s %ts %ST %B %sc %rc %Tw %Tc %Ta %[date(0,us),sub(txn.fairlb)] %[var(txn.requests)]"
`

// Bounds of a line.
const (
	maxLine    = 2048 // bytes
	logFields  = 12   // behind the mark
	maxSeconds = 1e6  // of a flow
	maxTold    = 1e9  // requests that a server may say it has
)

// The marks begin what is read of a line, of LogFormat and of LogFormatTold; what may stand
// before them is a syslog header.
var logMark, logMarkTold = []byte("fairlb1 "), []byte("fairlb2 ")

// ending is a flow that has ended, as its log line says. Its slices are of the line.
type ending struct {
	pid      uint64
	backend  []byte
	server   []byte
	cause    byte    // the first letter of the termination state: who ended the flow
	phase    byte    // the second: in which phase
	status   int     // of HTTP; 0: there is none
	others   int     // flows that the server had just after
	duration float64 // s from when a server was chosen for it
	told     int32   // requests that the server says it has left; notTold, or notRead
}

const (
	notTold = -1 // the response does not say it
	notRead = -2 // it says what is no number of requests
)

// outcome is how a flow ended for its server.
type outcome uint8

const (
	completed outcome = iota
	failed            // the server refused, broke off, or did not answer in time
	abandoned         // the client or HAProxy itself ended it, which says nothing of the server
)

// outcome returns how the flow ended; serverErrors says whether an answer with status
// 500 to 599 is a failure.
func (e *ending) outcome(serverErrors bool) outcome {
	switch e.cause {
	case '-':
		if serverErrors && e.status >= 500 && e.status <= 599 {
			return failed
		}
		return completed
	case 'S', 's', 'D':
		return failed
	}
	return abandoned
}

// parseLine decodes a line. A line that has no mark is not of the format at all, and
// found is false.
func parseLine(line []byte) (e ending, found bool, err error) {
	head := line[:min(len(line), 256)]
	at, told := bytes.Index(head, logMark), false
	if at < 0 {
		at = bytes.Index(head, logMarkTold)
		told = at >= 0
	}
	if at < 0 {
		return ending{}, false, nil
	}
	if len(line) > maxLine {
		return ending{}, true, fmt.Errorf("%w: more than %d bytes", ErrLogLine, maxLine)
	}
	var field [logFields][]byte
	rest := bytes.TrimRight(line[at+len(logMark):], "\r\n\x00 ")
	for k := range field {
		var more bool
		field[k], rest, more = bytes.Cut(rest, []byte(" "))
		if len(field[k]) == 0 || more == (k == logFields-1 && !told) {
			return ending{}, true, fmt.Errorf("%w: must have %d fields behind the mark: %.200q", ErrLogLine, logFields, line)
		}
	}
	n := lineNumbers{}
	e = ending{
		pid: uint64(n.integer(field[0], 0)), backend: field[1], server: field[2],
		status: int(n.integer(field[4], -1)), others: int(n.integer(field[6], 0)), told: notTold,
	}
	if told {
		e.told = parseTold(rest)
	}
	n.integer(field[5], 0)
	retries := n.integer(bytes.TrimPrefix(field[7], []byte("+")), 0)
	queue, connect, total := n.integer(field[8], -1), n.integer(field[9], -1), n.integer(field[10], -1)
	seconds := float64(total) / 1e3
	if len(field[11]) != 1 || field[11][0] != '-' { // a flow that was refused at once has no beginning
		seconds = float64(n.integer(field[11], math.MinInt64)) / 1e6
	}
	if n.bad || len(field[3]) < 2 || len(field[3]) > 4 {
		return ending{}, true, fmt.Errorf("%w: %.200q", ErrLogLine, line)
	}
	e.cause, e.phase = field[3][0], field[3][1]
	if retries > 0 || field[7][0] == '+' {
		seconds -= float64(max(queue, 0)+max(connect, 0)) / 1e3 // which the flow spent on tries that failed
	}
	e.duration = min(max(seconds, 0), maxSeconds) // HAProxy's clock may be set while a flow is under way
	return e, true, nil
}

// parseTold reads what a response says of its server's requests.
func parseTold(text []byte) int32 {
	if string(text) == "-" { // HAProxy's word for nothing
		return notTold
	}
	n := lineNumbers{}
	requests := n.integer(text, 0)
	if n.bad || requests > maxTold {
		return notRead
	}
	return int32(requests)
}

// lineNumbers reads the numbers of a line and remembers whether one was none.
type lineNumbers struct{ bad bool }

// integer returns the number that decimal digits mean, at least low.
func (l *lineNumbers) integer(text []byte, low int64) int64 {
	if len(text) > 19 {
		l.bad = true
		return 0
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < low || text[0] == '+' {
		l.bad = true
		return 0
	}
	return n
}
