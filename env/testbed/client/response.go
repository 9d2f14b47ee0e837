package client

import (
	"bytes"
	"math"
	"strconv"
)

const maxHead = 8 << 10 // bytes of a response's head

// response is what is known of an answer so far.
type response struct {
	head   []byte // as long as the end of the head has not come
	inBody bool
	status int
	left   int64 // bytes of the body to come; -1: all until the connection ends
	server int   // that answered, by its header Server or X-Fairlb-Server; -1: it does not say
	close  bool  // the connection ends after it
}

// reset makes it that of the next request.
func (r *response) reset() { *r = response{head: r.head[:0], server: -1} }

// begun says whether anything of the answer has come.
func (r *response) begun() bool { return r.inBody || len(r.head) > 0 }

// whole says whether all of the answer has come, given whether the connection has ended.
func (r *response) whole(ended bool) bool {
	return r.inBody && (r.left == 0 || r.left < 0 && ended)
}

// add takes what has come. It says whether that may be an answer: it has an HTTP/1 head
// of some KB at most, and nothing after its end.
func (r *response) add(b []byte) bool {
	if !r.inBody {
		const end = "\r\n\r\n"
		seen := max(0, len(r.head)-len(end)+1)
		r.head = append(r.head, b...)
		k := bytes.Index(r.head[seen:], []byte(end))
		if k < 0 {
			return len(r.head) < maxHead
		}
		k += seen
		if b = r.head[k+len(end):]; k > maxHead || !r.parse(r.head[:k]) {
			return false
		}
		r.inBody = true
	}
	if r.left < 0 {
		return true
	}
	r.left -= int64(len(b))
	return r.left >= 0
}

// parse reads a head: HTTP/1.1 200 OK, and lines of a name, a colon and a value.
func (r *response) parse(head []byte) bool {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	version, rest, ok := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, valid := parseNumber(code, 999)
	if !ok || !valid || len(code) != 3 || status < 200 {
		return false
	}
	switch string(version) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		r.close = true
	default:
		return false
	}
	r.status, r.left = int(status), -1
	for len(fields) > 0 {
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return false
		}
		value = bytes.Trim(value, " \t")
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			n, valid := parseNumber(value, math.MaxInt64/16)
			if !valid || r.left >= 0 && r.left != n {
				return false
			}
			r.left = n
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			return false // none of the testbed's servers sends so
		case bytes.EqualFold(name, []byte("connection")):
			r.close = r.close && !bytes.EqualFold(value, []byte("keep-alive")) || bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, []byte("server")), bytes.EqualFold(name, []byte("x-fairlb-server")): // Apache gives the first to itself
			if n, valid := parseNumber(value, math.MaxUint16); valid {
				r.server = int(n)
			}
		}
	}
	r.close = r.close || r.left < 0
	return true
}

// parseNumber reads a decimal number of at most most.
func parseNumber(b []byte, most int64) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, n <= most
}

// appendDemand appends seconds in a form that servers read.
func appendDemand(dst []byte, seconds float64) []byte {
	return strconv.AppendFloat(dst, seconds, 'f', 9, 64)
}
