package report

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

const (
	// MaxBytes is more than any message has: a longer datagram is none.
	MaxBytes = 192
	// maxServer (bytes) bounds the name of a server, as the settings do.
	maxServer = 128

	magic   = "fairlb-report"
	version = "1"
)

var (
	// ErrMalformed reports bytes that are no message.
	ErrMalformed = errors.New("report: not a message of the form fairlb-report 1 SERVER REQUESTS [SEQUENCE]")
	// ErrVersion reports a message of another version than 1.
	ErrVersion = errors.New("report: a message of another version than 1")
)

// Message is what a server tells.
type Message struct {
	Server   []byte // its name or address; 1 to 128 bytes without spaces and control characters
	Requests int32  // that it has, of all load balancers; not negative
	Sequence uint64 // rises with every message of the server; 0: the message has none
}

// Append appends a message to dst and returns the longer slice. It takes for granted that
// the message is as the comments of its fields say.
func Append(dst []byte, m Message) []byte {
	dst = append(dst, magic+" "+version+" "...)
	dst = append(dst, m.Server...)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(m.Requests), 10)
	if m.Sequence != 0 {
		dst = append(dst, ' ')
		dst = strconv.AppendUint(dst, m.Sequence, 10)
	}
	return append(dst, '\n')
}

// Parse reads a message, whose Server is a part of b. It allocates nothing.
func Parse(b []byte) (Message, error) {
	var m Message
	if len(b) > MaxBytes {
		return m, ErrMalformed
	}
	b = bytes.TrimSuffix(b, []byte("\n"))
	word, b, ok := bytes.Cut(b, []byte(" "))
	if !ok || string(word) != magic {
		return m, ErrMalformed
	}
	word, b, ok = bytes.Cut(b, []byte(" "))
	number, isNumber := parseNumber(word)
	switch {
	case !ok || !isNumber:
		return m, ErrMalformed
	case number != 1:
		return m, ErrVersion
	}
	if m.Server, b, ok = bytes.Cut(b, []byte(" ")); !ok || !isServer(m.Server) {
		return m, ErrMalformed
	}
	word, b, ok = bytes.Cut(b, []byte(" "))
	if number, isNumber = parseNumber(word); !isNumber || number > math.MaxInt32 {
		return m, ErrMalformed
	}
	m.Requests = int32(number)
	if ok {
		if m.Sequence, isNumber = parseNumber(b); !isNumber || m.Sequence == 0 {
			return m, ErrMalformed
		}
	}
	return m, nil
}

// isServer says whether bytes can name a server.
func isServer(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return len(b) > 0 && len(b) <= maxServer
}

// parseNumber reads a whole number in its shortest form: digits alone, and no 0 before
// others.
func parseNumber(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	for _, c := range b {
		digit := uint64(c - '0')
		if c < '0' || c > '9' || n > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		n = 10*n + digit
	}
	return n, true
}
