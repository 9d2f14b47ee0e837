package weblog

import (
	"fmt"
	"strings"
)

// httpd is a server whose format strings are like Apache's, and how it differs.
type httpd struct {
	end   bool // %t is of the end of a request
	delay unit // of %D; zero: it depends on the server's version, and is refused
}

// apacheFormat compiles Apache's LogFormat, whose times are of the begin.
func apacheFormat(format string) (*template, error) {
	return httpd{delay: microseconds}.compile(format)
}

// tomcatFormat compiles the pattern of Tomcat's access log, whose times are of the
// end. %D is in ms up to version 9, and in us from version 10 on.
func tomcatFormat(delay unit) dialect {
	return func(format string) (*template, error) { return httpd{end: true, delay: delay}.compile(format) }
}

// compile compiles a LogFormat: its text alone, or the whole directive.
func (s httpd) compile(format string) (*template, error) {
	format = directive(format, "LogFormat")
	format = strings.NewReplacer(`\"`, `"`, `\t`, "\t", `\n`, "").Replace(format)
	var b builder
	for format != "" {
		var found bool
		if format, found = b.textBefore(format, "%"); !found {
			break
		}
		if strings.HasPrefix(format, "%") {
			b.text("%")
			format = format[1:]
			continue
		}
		format = strings.TrimLeft(format, "!<>0123456789,")
		argument := ""
		if strings.HasPrefix(format, "{") {
			if argument, format, found = strings.Cut(format[1:], "}"); !found {
				return nil, fmt.Errorf("%%{%s: there must be a }", argument)
			}
		}
		letters := 1
		if strings.HasPrefix(format, "^") {
			letters = min(3, len(format))
		}
		if format == "" {
			return nil, fmt.Errorf("a %% must begin a field")
		}
		name := format[:letters]
		format = format[letters:]
		if name == "t" && argument != "" {
			left, err := s.partialStamp(&b, argument, format)
			if err != nil {
				return nil, err
			}
			format = left
			continue
		}
		f, err := s.field(name, argument)
		if err != nil {
			return nil, err
		}
		if name == "t" {
			b.text("[")
		}
		b.field(f)
		if name == "t" {
			b.text("]")
		}
	}
	return b.template()
}

// field is the field of a letter.
func (s httpd) field(name, argument string) (field, error) {
	f := field{name: "%" + name}
	if argument != "" {
		f.name = "%{" + argument + "}" + name
	}
	switch name {
	case "h", "a", "A", "l", "u", "v", "V", "m", "H", "f", "R", "L", "i", "o", "C", "e", "n", "x", "c", "^ti", "^to":
		if strings.EqualFold(argument, "BALANCER_WORKER_NAME") {
			f.server, f.set = true, setServer
		}
	case "t":
		f.stamp, f.set = true, setStamp(commonStamp, stampRule, s.end)
	case "r":
		f.target, f.accept, f.set = true, isRequest, setRequest
	case "U":
		f.target, f.set = true, setPath
	case "q":
		f.target, f.set = true, setArgs
	case "s":
		f.shape = status
		if s.end { // Tomcat writes - for a request that it could not read
			f.shape = whole
		}
	case "b", "B", "I", "O", "S", "p", "P", "k", "X":
		if f.shape = whole; name == "X" || name == "P" || name == "S" && s.end {
			f.shape = free
		}
	case "D":
		if s.delay == 0 {
			return f, fmt.Errorf("%%D is in ms up to Tomcat 9 and in us from Tomcat 10 on: say --format tomcat9 or --format tomcat10")
		}
		f.shape, f.timed, f.set = natural, true, setTotal(s.delay)
	case "T":
		u := seconds
		if argument != "" {
			known := false
			if u, known = unitOf(argument); !known || u == nanoseconds {
				return f, fmt.Errorf("%s: the unit must be s, ms or us", f.name)
			}
		}
		f.shape, f.timed, f.set = natural, true, setTotal(u)
		if s.end && u == seconds {
			f.shape = number // Tomcat's, with milliseconds
		}
	case "F", "^FB":
		u := milliseconds // Tomcat: until the response was begun
		if name == "^FB" {
			u = microseconds
		}
		f.shape, f.set = whole, setDuration(u, serviceOf)
	default:
		return f, fmt.Errorf("%s: fairlb knows no such field of this server", f.name)
	}
	return f, nil
}

// partialStamp reads a time that is logged by strftime, and what follows it as long
// as that is of the same time: "%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t" is one.
func (s httpd) partialStamp(b *builder, argument, format string) (left string, err error) {
	layout, end := "", s.end
	add := func(argument string) {
		if rest, found := strings.CutPrefix(argument, "begin:"); found {
			argument, end = rest, false
		} else if rest, found := strings.CutPrefix(argument, "end:"); found {
			argument, end = rest, true
		}
		switch argument {
		case "sec":
			argument = "%s"
		case "msec":
			argument = "%Q"
		case "usec":
			argument = "%!"
		case "msec_frac":
			argument = "%3"
		case "usec_frac":
			argument = "%6"
		}
		layout += argument
	}
	add(argument)
	for {
		index := strings.IndexByte(format, '%')
		if index < 0 || !strings.HasPrefix(format[index:], "%{") {
			break
		}
		next, rest, found := strings.Cut(format[index+2:], "}")
		if !found || !strings.HasPrefix(rest, "t") || strings.ContainsAny(format[:index], "\"[]") {
			break
		}
		layout += strings.ReplaceAll(format[:index], "%", "%%")
		add(next)
		format = rest[1:]
	}
	read, err := strftime(layout)
	if err != nil {
		return "", err
	}
	b.field(field{name: "%{" + argument + "}t", stamp: true, accept: read.is, set: setStamp(read, "a time must be like "+layout+", not before 1970", end)})
	return format, nil
}

// gunicornFormat compiles gunicorn's access_log_format, which is logged when the
// response has been sent.
func gunicornFormat(format string) (*template, error) {
	var b builder
	for format != "" {
		var found bool
		if format, found = b.textBefore(format, "%("); !found {
			break
		}
		name, rest, found := strings.Cut(format, ")s")
		if !found {
			return nil, fmt.Errorf("%%(%s: there must be a )s", name)
		}
		format = rest
		f := field{name: "%(" + name + ")s"}
		switch name {
		case "t":
			b.text("[")
			f.stamp, f.set = true, setStamp(commonStamp, stampRule, true)
		case "r":
			f.target, f.accept, f.set = true, isRequest, setRequest
		case "U":
			f.target, f.set = true, setPath
		case "q":
			f.target, f.set = true, setArgs
		case "s":
			f.shape = status
		case "b", "B":
			f.shape = whole
		case "D":
			f.shape, f.timed, f.set = natural, true, setTotal(microseconds)
		case "M":
			f.shape, f.timed, f.set = natural, true, setTotal(milliseconds)
		case "T":
			f.shape, f.timed, f.set = natural, true, setTotal(seconds)
		case "L":
			f.shape, f.timed, f.set = number, true, setTotal(seconds)
		}
		b.field(f)
		if name == "t" {
			b.text("]")
		}
	}
	return b.template()
}

// morganFormat compiles a format of Express's morgan, which logs when the response
// has been sent.
func morganFormat(format string) (*template, error) {
	var b builder
	for format != "" {
		index := strings.IndexByte(format, ':')
		if index < 0 || index+1 == len(format) {
			b.text(format)
			break
		}
		b.text(format[:index])
		end := index + 1
		for end < len(format) && (format[end] >= 'a' && format[end] <= 'z' || format[end] == '-') {
			end++
		}
		if end == index+1 {
			b.text(":")
			format = format[1+index:]
			continue
		}
		name, argument := format[index+1:end], ""
		if format = format[end:]; strings.HasPrefix(format, "[") {
			argument, format, _ = strings.Cut(format[1:], "]")
		}
		f := field{name: ":" + name}
		switch name {
		case "date":
			read, rule := stampReader(webStamp), "a time must be like Tue, 10 Oct 2000 13:55:36 GMT"
			switch argument {
			case "clf":
				read, rule = commonStamp, stampRule
			case "iso":
				read, rule = isoStamp, isoRule
			}
			f.stamp, f.accept, f.set = true, read.is, setStamp(read, rule, true)
		case "url":
			f.target, f.set = true, setPath
		case "status", "res":
			if f.shape = whole; argument != "" && argument != "content-length" {
				f.shape = free
			}
		case "response-time", "total-time":
			f.shape = number
			if name == "total-time" || !strings.Contains(format, ":total-time") {
				f.timed, f.set = true, setTotal(milliseconds)
			}
		}
		b.field(f)
	}
	return b.template()
}
