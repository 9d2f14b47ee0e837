package emulated

import (
	"bytes"
	"errors"

	"fairlb/env/workload"
)

const (
	maxStages = 7       // of a request: so many that there are fewer than 256 paths through a server
	maxDemand = 1e4     // s, of one stage
	maxHead   = 8 << 10 // bytes of a request's head
)

// errors of requests, each with the status that answers it.
var (
	errMalformed = errors.New("emulated: not an HTTP/1 request")
	errMethod    = errors.New("emulated: the method is neither GET nor HEAD")
	errBody      = errors.New("emulated: a request with a body")
	errDemand    = errors.New("emulated: the query names no demands")
	errTooLarge  = errors.New("emulated: the head of the request is too large")
)

// request is what a client wants.
type request struct {
	stages int
	// path says what resources the stages need: the number of the path in paths().
	path      int
	demands   [maxStages]float64 // s
	keepAlive bool               // the connection is to stay
	head      bool               // without the answer's body
}

// paths are all the ways of up to maxStages stages through a server. Those of n stages
// begin at 2^n - 2, and bit k of what is added says that stage k is IO.
func paths() [][]workload.Resource {
	var all [][]workload.Resource
	for n := 1; n <= maxStages; n++ {
		for bits := range 1 << n {
			path := make([]workload.Resource, n)
			for k := range path {
				path[k] = workload.Resource(bits >> k & 1)
			}
			all = append(all, path)
		}
	}
	return all
}

var headEnd = []byte("\r\n\r\n")

// parseRequest reads the head of a request from what has come. It returns its length, 0
// if more must come.
func parseRequest(b []byte) (r request, length int, err error) {
	end := bytes.Index(b, headEnd)
	if end < 0 {
		if len(b) >= maxHead {
			return r, 0, errTooLarge
		}
		return r, 0, nil
	}
	length = end + len(headEnd)
	if length > maxHead {
		return r, 0, errTooLarge
	}
	line, rest, _ := bytes.Cut(b[:end], headEnd[:2])
	if err := r.parseLine(line); err != nil {
		return r, length, err
	}
	for len(rest) > 0 {
		var field []byte
		field, rest, _ = bytes.Cut(rest, headEnd[:2])
		if err := r.parseField(field); err != nil {
			return r, length, err
		}
	}
	return r, length, nil
}

// parseLine reads the first line: GET /path?cpu=0.01&io=0.002 HTTP/1.1.
func (r *request) parseLine(line []byte) error {
	method, rest, ok := bytes.Cut(line, []byte(" "))
	target, version, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok || !ok2 || len(target) == 0 || target[0] != '/' {
		return errMalformed
	}
	switch string(version) {
	case "HTTP/1.1":
		r.keepAlive = true
	case "HTTP/1.0":
	default:
		return errMalformed
	}
	switch string(method) {
	case "GET":
	case "HEAD":
		r.head = true
	default:
		return errMethod
	}
	_, query, ok := bytes.Cut(target, []byte("?"))
	if !ok {
		return nil
	}
	bits := 0
	for more := true; more; {
		var stage []byte
		stage, query, more = bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(stage, []byte("="))
		demand, ok := parseDemand(value)
		if !ok || r.stages == maxStages {
			return errDemand
		}
		switch string(name) {
		case "cpu":
		case "io":
			bits |= 1 << r.stages
		default:
			return errDemand
		}
		r.demands[r.stages] = demand
		r.stages++
	}
	r.path = 1<<r.stages - 2 + bits
	return nil
}

// parseField reads a line of the header. What says nothing of the connection or of a
// body is passed over.
func (r *request) parseField(field []byte) error {
	name, value, ok := bytes.Cut(field, []byte(":"))
	if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
		return errMalformed
	}
	value = bytes.Trim(value, " \t")
	switch {
	case equalFold(name, "connection"):
		if equalFold(value, "close") {
			r.keepAlive = false
		} else if equalFold(value, "keep-alive") {
			r.keepAlive = true
		}
	case equalFold(name, "content-length") && string(value) != "0", equalFold(name, "transfer-encoding"):
		return errBody
	}
	return nil
}

// equalFold says whether b is the lower-case text, whatever the case of its letters.
func equalFold(b []byte, text string) bool {
	if len(b) != len(text) {
		return false
	}
	for k, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != text[k] {
			return false
		}
	}
	return true
}

// parseDemand reads a decimal number of seconds without sign and exponent, such as 0.0036.
func parseDemand(b []byte) (float64, bool) {
	whole, fraction, point := bytes.Cut(b, []byte("."))
	if len(whole) == 0 || point && len(fraction) == 0 || len(whole)+len(fraction) > 18 {
		return 0, false
	}
	n, scale := uint64(0), 1.0
	for part, digits := range [2][]byte{whole, fraction} {
		for _, c := range digits {
			if c < '0' || c > '9' {
				return 0, false
			}
			n = 10*n + uint64(c-'0')
			if part == 1 {
				scale *= 10
			}
		}
	}
	seconds := float64(n) / scale
	return seconds, seconds <= maxDemand
}
