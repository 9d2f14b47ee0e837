package weblog

import (
	"bytes"
	"fmt"
	"strings"
)

// plainFormat compiles a format of a server that has no format strings of its own:
// <name> is a field, and a name that is not known is text.
//
//	<end> <begin>            a time like 2000-10-10T13:55:36Z
//	<end:common>             a time like 10/Oct/2000:13:55:36 -0700, so with <begin:common>
//	<end:s> <begin:s>        seconds since 1970
//	<request> <target>       a request line; a path or URL; so <url>, which must be one
//	<server>
//	<total:UNIT>             how long the request took
//	<queue+:UNIT> <service+:UNIT> <part:UNIT>  parts of that, whose sum it is
//	<service:UNIT>
//	<int> <status> <rest>    numbers; all that is left of the line
func plainFormat(format string) (*template, error) {
	var b builder
	for format != "" {
		var found bool
		if format, found = b.textBefore(format, "<"); !found {
			break
		}
		name, rest, found := strings.Cut(format, ">")
		if !found {
			return nil, fmt.Errorf("<%s: there must be a >", name)
		}
		format = rest
		f, err := plainField(name)
		if err != nil {
			return nil, err
		}
		b.field(f)
	}
	return b.template()
}

// plainField is the field of a name.
func plainField(name string) (field, error) {
	f := field{name: name}
	name, symbol, _ := strings.Cut(name, ":")
	u, _ := unitOf(symbol)
	switch name {
	case "begin", "end":
		read, rule := stampReader(isoStamp), isoRule
		switch symbol {
		case "common":
			read, rule = commonStamp, stampRule
		case "s":
			read, rule = epochStamp(u), anyRule
			f.shape = number
		}
		f.stamp, f.set = true, setStamp(read, rule, name == "end")
	case "request":
		f.target, f.set = true, setRequest
	case "target":
		f.target, f.set = true, setPath
	case "url":
		f.target, f.set = true, func(r *record, text []byte) fault {
			if !bytes.Contains(text, []byte("://")) {
				return fault{text, "must be a URL", false}
			}
			return setPath(r, text)
		}
	case "server":
		f.server, f.set = true, setServer
	case "total":
		f.shape, f.timed, f.set = number, true, setTotal(u)
		if u == 0 { // as the value says
			f.shape, f.set = free, func(r *record, text []byte) fault {
				wrong := setTotal(0)(r, text)
				wrong.fits = false
				return wrong
			}
		}
	case "service":
		f.shape, f.set = number, setDuration(u, serviceOf)
	case "queue+":
		f.shape, f.timed, f.set = number, true, setPart(u, queueOf)
	case "service+":
		f.shape, f.timed, f.set = number, true, setPart(u, serviceOf)
	case "part":
		f.shape, f.timed, f.set = number, true, setPart(u, nil)
	case "int":
		f.shape = whole
	case "status":
		f.shape = status
	case "rest":
		f.shape = tail
	}
	if u == 0 && (f.timed && f.shape == number) {
		return f, fmt.Errorf("<%s>: there must be a unit", f.name)
	}
	return f, nil
}
