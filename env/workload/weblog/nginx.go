package weblog

import (
	"fmt"
	"strings"
)

// nginxFormat compiles nginx's log_format: its text alone, or the whole directive as
// it stands in the configuration. nginx logs when a request has ended, and its
// times are of then. A variable that is not known is text.
func nginxFormat(format string) (*template, error) {
	format = directive(format, "log_format")
	var b builder
	for format != "" {
		var found bool
		if format, found = b.textBefore(format, "$"); !found {
			break
		}
		var name string
		if strings.HasPrefix(format, "{") {
			if name, format, found = strings.Cut(format[1:], "}"); !found {
				return nil, fmt.Errorf("${%s: there must be a }", name)
			}
		} else {
			end := 0
			for end < len(format) && (format[end] == '_' || format[end] >= '0' && format[end] <= '9' || format[end] >= 'a' && format[end] <= 'z' || format[end] >= 'A' && format[end] <= 'Z') {
				end++
			}
			name, format = format[:end], format[end:]
		}
		if name == "" {
			return nil, fmt.Errorf("a $ must begin a variable's name")
		}
		b.field(nginxVariable(name))
	}
	return b.template()
}

// nginxVariable is the field of a variable.
func nginxVariable(name string) field {
	f := field{name: "$" + name}
	switch name {
	case "time_local":
		f.stamp, f.accept, f.set = true, stampReader(commonStamp).is, setStamp(commonStamp, stampRule, true)
	case "time_iso8601":
		f.stamp, f.accept, f.set = true, stampReader(isoStamp).is, setStamp(isoStamp, isoRule, true)
	case "msec":
		f.shape, f.stamp, f.set = thousandths, true, setStamp(epochStamp(seconds), anyRule, true)
	case "request":
		f.target, f.accept, f.set = true, isRequest, setRequest
	case "request_uri", "uri", "document_uri":
		f.target, f.set = true, setPath
	case "args", "query_string":
		f.target, f.set = true, setArgs
	case "is_args":
		f.target = true
	case "request_time":
		f.shape, f.timed, f.set = thousandths, true, setTotal(seconds)
	case "upstream_response_time":
		f.shape, f.timed, f.set = timing, true, setUpstream(seconds)
	case "upstream_connect_time", "upstream_header_time":
		f.shape = timing
	case "upstream_queue_time":
		f.shape, f.set = timing, setDuration(seconds, queueOf)
	case "upstream_addr":
		f.shape, f.server, f.set = items, true, setLastServer
	case "upstream_status", "upstream_response_length", "upstream_bytes_received", "upstream_bytes_sent":
		f.shape = items
	case "status":
		f.shape = status
	case "body_bytes_sent", "bytes_sent", "request_length", "connection", "connection_requests", "pid", "server_port", "remote_port", "content_length":
		f.shape = whole
	}
	return f
}

// directive returns the text of a format that may be given as the line of a
// configuration: the directive's name, perhaps a name for the format, the text in
// quotes, in several pieces if need be, and a semicolon.
func directive(format, name string) string {
	rest, found := strings.CutPrefix(strings.TrimSpace(format), name)
	if !found || rest == "" || rest[0] != ' ' && rest[0] != '\t' && rest[0] != '"' && rest[0] != '\'' {
		return strings.TrimRight(format, "\n")
	}
	var out strings.Builder
	for rest != "" {
		quote := rest[0]
		if quote != '"' && quote != '\'' {
			rest = rest[1:] // names, options, blanks and the semicolon
			continue
		}
		i := 1
		for ; i < len(rest) && rest[i] != quote; i++ {
			if rest[i] == '\\' && i+1 < len(rest) && (rest[i+1] == quote || rest[i+1] == '\\') {
				i++
			}
			out.WriteByte(rest[i])
		}
		rest = rest[min(i+1, len(rest)):]
	}
	if out.Len() == 0 {
		return strings.TrimRight(format, "\n")
	}
	return out.String()
}
