package weblog

import (
	"bytes"
	"strconv"
	"strings"
)

// fault is what is wrong with a line: a part of it, and the rule that this part
// breaks. The zero fault means that nothing is wrong.
type fault struct {
	value []byte
	rule  string

	// fits says that the line is of the format all the same: only its request or
	// a value in it is no good.
	fits bool
}

// unknown stands for a duration that a line does not give.
const unknown = -1

// record is what a line says of one request. Its slices are parts of the line.
type record struct {
	stamp    int64 // us since 1970
	fine     bool  // the stamp has a fraction of a second
	end      bool  // the stamp is of the end of the request, or of its being logged
	stamped  bool
	subMilli int64 // ms behind a stamp of whole seconds, which HAProxy logs apart; unknown if not

	noTarget bool // the format has no request line, as with TCP
	target   []byte
	path     []byte // of a target that is logged in parts
	args     []byte
	params   string // parameters that are always kept, of data sets

	// Durations in us, unknown if the line does not give them.
	total    int64 // from the request's begin to its end
	part     int64 // the sum of the parts that make up the total
	queue    int64 // waiting in the load balancer for a server
	connect  int64 // connecting to the server
	service  int64 // at the server
	upstream int64 // at all servers that were tried, together
	backend  []byte
	server   []byte // the server; empty if none
	size     int64  // n, if it is not the total: tokens

	// How the total was read, by which readings are compared.
	totalText []byte
	totalUnit unit
	stampText []byte
}

// reset empties the record.
func (r *record) reset() {
	*r = record{subMilli: unknown, total: unknown, part: unknown, queue: unknown, connect: unknown, service: unknown, upstream: unknown, size: unknown}
}

// finish makes what a line gives in parts whole.
func (r *record) finish() fault {
	if !r.stamped {
		return fault{nil, "a line must have a time", false}
	}
	if r.subMilli >= 0 && !r.fine {
		r.stamp += r.subMilli * 1000
		r.fine = true
	}
	switch {
	case r.total >= 0:
	case r.part >= 0:
		r.total = r.part
	case r.upstream >= 0:
		r.total = r.upstream
	}
	if r.service >= 0 && r.connect >= 0 {
		r.service += r.connect
	}
	if name := string(r.server); name == "-" || name == "<NOSRV>" || name == "" {
		r.server = nil
	} else if len(r.backend) > 0 {
		r.server = append(append(append([]byte(nil), r.backend...), '/'), r.server...)
	}
	if r.target == nil && r.path != nil {
		r.target = r.path
		if len(r.args) > 0 && string(r.args) != "-" {
			r.target = append(append(append([]byte(nil), r.path...), '?'), bytes.TrimPrefix(r.args, []byte{'?'})...)
		}
	}
	if r.target == nil {
		if !r.noTarget {
			return fault{nil, "a line must have a request", false}
		}
		r.target = []byte{'/'}
	}
	return fault{}
}

// begin is when the request began (us since 1970), if its stamp was right.
func (r *record) begin() int64 {
	if r.end && r.total > 0 {
		return r.stamp - r.total
	}
	return r.stamp
}

// n is the size that the trace has of the request, or unknown.
func (r *record) n() int64 {
	if r.size >= 0 {
		return r.size
	}
	return r.total
}

// badRequest is the rule of request lines.
const badRequest = "a request must be METHOD TARGET PROTOCOL"

// targetOf returns the target of a request line. A request line of HTTP/0.9 has no
// protocol, and some clients send targets that contain spaces.
func targetOf(request []byte) ([]byte, bool) {
	method, target, found := bytes.Cut(request, []byte{' '})
	if !found || len(method) == 0 {
		return nil, false
	}
	for _, c := range method {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return nil, false
		}
	}
	if end := bytes.LastIndex(target, []byte(" HTTP/")); end >= 0 {
		target = target[:end]
	} else if end := bytes.LastIndex(target, []byte(" -")); end >= 0 && end == len(target)-2 {
		target = target[:end] // a protocol that is not known, as Envoy writes it
	}
	return target, len(target) > 0
}

// maxTarget is the length (bytes) of the longest query that is written.
const maxTarget = 16 << 10

// query returns the query that the trace has for a target: its path and the names of
// its parameters, with their values only if keep is set, then params, which are kept
// as they are. A parameter n of its own is left out, and n is added if it is known
// (not negative). What is not plain ASCII is written as %XX.
func query(target []byte, params string, keep bool, n int64) (string, fault) {
	path := target
	if _, rest, found := bytes.Cut(path, []byte("://")); found && path[0] != '/' {
		if end := bytes.IndexAny(rest, "/?"); end >= 0 {
			path = rest[end:]
		} else {
			path = []byte("/")
		}
	}
	if len(path) == 0 || path[0] != '/' && path[0] != '?' && string(path) != "*" {
		return "", fault{target, "a target must be a path that begins with /, a URL or *", true}
	}
	path, _, _ = bytes.Cut(path, []byte{'#'})
	path, parameters, _ := bytes.Cut(path, []byte{'?'})
	var b strings.Builder
	if len(path) == 0 {
		b.WriteByte('/')
	}
	escape(&b, path)
	before := byte('?')
	add := func() {
		b.WriteByte(before)
		before = '&'
	}
	for pair := range bytes.SplitSeq(parameters, []byte{'&'}) {
		name, _, valued := bytes.Cut(pair, []byte{'='})
		switch {
		case len(pair) == 0 || string(name) == "n" || !valued && !keep:
		case keep:
			add()
			escape(&b, pair)
		default:
			add()
			escape(&b, name)
			b.WriteByte('=')
		}
	}
	if params != "" {
		add()
		b.WriteString(params)
	}
	if n >= 0 {
		add()
		b.WriteString("n=" + strconv.FormatInt(n, 10))
	}
	if b.Len() > maxTarget {
		return "", fault{target, "a target must not be longer than 16384 bytes", true}
	}
	return b.String(), fault{}
}

// escape writes text, in which everything but visible ASCII becomes %XX.
func escape(b *strings.Builder, text []byte) {
	const hex = "0123456789ABCDEF"
	for _, c := range text {
		if c > ' ' && c < 0x7f && c != '#' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
}
