package weblog

import (
	"fmt"
	"strings"
)

// envoyFormat compiles Envoy's access log format. Its times are of when the request
// began, and all its durations are in ms. Service is the time that the upstream says
// it took, or the one until its first byte.
func envoyFormat(format string) (*template, error) {
	format = strings.ReplaceAll(strings.TrimSuffix(strings.TrimRight(format, "\n"), `\n`), `\"`, `"`)
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
		end := 0
		for depth := 0; end < len(format) && (format[end] != '%' || depth > 0); end++ {
			switch format[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		if end == len(format) {
			return nil, fmt.Errorf("%%%s: there must be a %% at its end", format)
		}
		f, err := envoyOperator(format[:end])
		if err != nil {
			return nil, err
		}
		b.field(f)
		format = format[end+1:]
	}
	return b.template()
}

// envoyOperator is the field of a command operator. One that is not known is text.
func envoyOperator(operator string) (field, error) {
	f := field{name: "%" + operator + "%"}
	name, argument, _ := strings.Cut(operator, "(")
	argument, length, _ := strings.Cut(argument, ")")
	_ = length // by which the value may be cut
	switch name {
	case "START_TIME":
		f.stamp, f.accept, f.set = true, stampReader(isoStamp).is, setStamp(isoStamp, isoRule, false)
		if argument != "" {
			read, err := strftime(envoyTime(argument))
			if err != nil {
				return f, fmt.Errorf("%s: %w", f.name, err)
			}
			f.accept, f.set = read.is, setStamp(read, "a time must be like "+argument+", not before 1970", false)
		}
	case "DURATION":
		f.shape, f.timed, f.set = whole, true, setTotal(milliseconds)
	case "RESPONSE_DURATION":
		f.shape, f.set = whole, setFirst(setDuration(milliseconds, serviceOf))
	case "REQUEST_DURATION", "RESPONSE_TX_DURATION", "REQUEST_TX_DURATION", "BYTES_RECEIVED", "BYTES_SENT", "RESPONSE_CODE", "UPSTREAM_REQUEST_ATTEMPT_COUNT":
		f.shape = whole
	case "UPSTREAM_HOST", "UPSTREAM_REMOTE_ADDRESS":
		f.server, f.set = true, setServer
	case "RESP":
		if strings.EqualFold(argument, "X-ENVOY-UPSTREAM-SERVICE-TIME") {
			f.shape, f.set = whole, setDuration(milliseconds, serviceOf)
		}
	case "REQ":
		if upper := strings.ToUpper(argument); upper == ":PATH" || strings.HasPrefix(upper, "X-ENVOY-ORIGINAL-PATH") {
			f.target, f.set = true, setPath
		}
	}
	return f, nil
}

// envoyTime writes the parts that Envoy adds to strftime as they are read here.
func envoyTime(layout string) string {
	return strings.NewReplacer("%1f", "%3", "%2f", "%3", "%3f", "%3", "%4f", "%6", "%5f", "%6", "%6f", "%6", "%9f", "%9", "%f", "%9").Replace(layout)
}

// setFirst sets the service only if nothing else has.
func setFirst(set func(*record, []byte) fault) func(*record, []byte) fault {
	return func(r *record, text []byte) fault {
		if r.service >= 0 {
			return fault{}
		}
		return set(r, text)
	}
}
