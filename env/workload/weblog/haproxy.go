package weblog

import (
	"fmt"
	"strings"
)

// haproxyFormat compiles HAProxy's log-format: its text alone, or the whole
// directive. Its times are of when the request, or the connection, began. Most have
// no zone and are taken for UTC. The server is named with its backend. Time in the
// queue is Tw, service is Tc and Tr together: connecting, and until the response's
// first byte.
func haproxyFormat(format string) (*template, error) {
	format = strings.ReplaceAll(directive(format, "log-format"), `\ `, " ")
	format = strings.ReplaceAll(format, `\"`, `"`)
	var b builder
	quoteAll := false
	for format != "" {
		var found bool
		if format, found = b.textBefore(format, "%"); !found {
			break
		}
		flags := ""
		if strings.HasPrefix(format, "{") {
			if flags, format, found = strings.Cut(format[1:], "}"); !found {
				return nil, fmt.Errorf("%%{%s: there must be a }", flags)
			}
		}
		name := ""
		switch {
		case strings.HasPrefix(format, "%"):
			b.text("%")
			format = format[1:]
			continue
		case strings.HasPrefix(format, "["):
			end := strings.IndexByte(format, ']')
			if end < 0 {
				return nil, fmt.Errorf("%%%s: there must be a ]", format)
			}
			name, format = format[:end+1], format[end+1:]
		default:
			end := 0
			for end < len(format) && (format[end] >= 'a' && format[end] <= 'z' || format[end] >= 'A' && format[end] <= 'Z') {
				end++
			}
			name, format = format[:end], format[end:]
		}
		if name == "o" {
			quoteAll = strings.Contains(flags, "+Q") || quoteAll && !strings.Contains(flags, "-Q")
			format = strings.TrimPrefix(format, " ")
			continue
		}
		f, err := haproxyField(name)
		if err != nil {
			return nil, err
		}
		if f.shape == free && (quoteAll || strings.Contains(flags, "+Q")) && !strings.Contains(flags, "-Q") && !f.stamp {
			f.shape = maybe
		}
		b.field(f)
		if f.shape == braces {
			format = strings.TrimPrefix(format, " ")
		}
	}
	t, err := b.template()
	if t != nil {
		t.loose = true
	}
	return t, err
}

// haproxyField is the field of a variable.
func haproxyField(name string) (field, error) {
	f := field{name: "%" + name}
	if strings.HasPrefix(name, "[") {
		return f, nil
	}
	switch name {
	case "t", "tr", "trg", "trl", "T", "Tl":
		f.stamp, f.accept, f.set = true, stampReader(commonStamp).is, setStamp(commonStamp, stampRule, false)
	case "Ts":
		f.shape, f.stamp, f.set = whole, true, setStamp(epochStamp(seconds), anyRule, false)
	case "ms":
		f.shape, f.set = whole, setSubMilli
	case "r":
		f.target, f.accept, f.set = true, isRequest, setRequest
	case "HU", "HP", "HPO":
		f.target, f.set = true, setPath
	case "HQ":
		f.target, f.set = true, setArgs
	case "Ta", "Tt", "Tu":
		f.shape, f.timed, f.set = whole, true, setTotalOf(name)
	case "Tw":
		f.shape, f.set = whole, setDuration(milliseconds, queueOf)
	case "Tc":
		f.shape, f.set = whole, setDuration(milliseconds, connectOf)
	case "Tr":
		f.shape, f.set = whole, setDuration(milliseconds, serviceOf)
	case "b":
		f.set = setBackend
	case "s":
		f.server, f.set = true, setServer
	case "hr", "hs":
		f.shape = braces
	case "hrl", "hsl":
		f.shape = tail
	case "ST", "B", "U", "cp", "bp", "fp", "sp", "TR", "Tq", "Th", "Ti", "Td", "ac", "fc", "bc", "sc", "rc", "sq", "bq", "pid", "lc", "rt":
		f.shape = whole
	case "ci", "bi", "bci", "fi", "si", "f", "ft", "ts", "tsc", "CC", "CS", "H", "HM", "HV", "ID", "sslc", "sslv", "bsi", "OG":
	default:
		return f, fmt.Errorf("%s: fairlb knows no such field of HAProxy", f.name)
	}
	return f, nil
}

// setTotalOf reads the time that the request took. The active time Ta counts before
// the time Tt since the connection was accepted, and Tu, which counts the idle time.
func setTotalOf(name string) func(r *record, text []byte) fault {
	set := setTotal(milliseconds)
	return func(r *record, text []byte) fault {
		if r.total >= 0 && name != "Ta" {
			return fault{}
		}
		r.total = unknown
		return set(r, text)
	}
}

// setSubMilli reads the ms behind a time of whole seconds.
func setSubMilli(r *record, text []byte) fault {
	var ms int
	if len(text) > 3 || len(text) == 0 {
		return fault{text, "ms must be from 0 to 999", false}
	}
	if _, ok := digits(text, len(text), &ms); !ok {
		return fault{text, "ms must be from 0 to 999", false}
	}
	r.subMilli = int64(ms)
	return fault{}
}
