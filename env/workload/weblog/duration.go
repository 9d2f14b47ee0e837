package weblog

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// unit is a unit of time, in microseconds. Zero: the unit stands with the value.
type unit float64

// The units.
const (
	seconds      unit = 1e6
	milliseconds unit = 1e3
	microseconds unit = 1
	nanoseconds  unit = 1e-3
)

// String returns the unit's symbol.
func (u unit) String() string {
	switch u {
	case seconds:
		return "s"
	case milliseconds:
		return "ms"
	case microseconds:
		return "us"
	case nanoseconds:
		return "ns"
	}
	return "as it says"
}

// unitOf returns the unit of a symbol.
func unitOf(symbol string) (unit, bool) {
	switch symbol {
	case "s", "sec":
		return seconds, true
	case "ms":
		return milliseconds, true
	case "us", "µs", "μs":
		return microseconds, true
	case "ns":
		return nanoseconds, true
	}
	return 0, false
}

// maxDuration is the longest duration (us) that is accepted: 11 days.
const maxDuration = 1e12

// durationRule is the rule of durations in a unit.
func durationRule(u unit) string {
	if u == 0 {
		return "a request time must be a number with its unit, such as 18ms, 0.5s or 7us, and at most 1e6 s"
	}
	return "a request time must be a number in " + u.String() + ", not negative, and at most 1e6 s"
}

// duration reads a duration in a unit, to whole us. A value may have its unit behind
// it, such as 18ms; then that is the one. "-", "" and -1 mean that there is none.
func duration(text []byte, u unit) (us int64, ok bool) {
	text = bytes.TrimSpace(text)
	switch string(text) {
	case "-", "", "-1":
		return unknown, true
	}
	end := numberLength(text)
	if end < len(text) {
		own, known := unitOf(string(bytes.TrimSpace(text[end:])))
		if !known { // several units, as Go writes 1m3.5s
			d, err := time.ParseDuration(string(text))
			return d.Microseconds(), err == nil && d >= 0 && d.Microseconds() <= maxDuration
		}
		u = own
	}
	x, err := strconv.ParseFloat(string(text[:end]), 64)
	if x *= float64(u); err != nil || u == 0 || !(x >= 0 && x <= maxDuration) {
		return 0, false
	}
	return int64(math.Round(x)), true
}

// numberLength is how many bytes of text are a number, which may have an exponent.
func numberLength(text []byte) int {
	end := 0
	run := func() {
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.') {
			end++
		}
	}
	if len(text) > 0 && text[0] == '+' { // HAProxy's option logasap
		end++
	}
	run()
	if end+1 < len(text) && (text[end] == 'e' || text[end] == 'E') && (text[end+1] == '-' || text[end+1] == '+') {
		end += 2
		run()
	}
	return end
}

// durations reads a list of durations as nginx writes it of several upstreams, "0.010,
// 0.020 : -": their sum and the last one. Both are unknown if there is none.
func durations(text []byte, u unit) (sum, last int64, ok bool) {
	sum, last = unknown, unknown
	for len(text) > 0 {
		var one []byte
		one, text = listItem(text)
		us, ok := duration(one, u)
		if !ok {
			return 0, 0, false
		}
		if last = us; us >= 0 {
			sum = max(sum, 0) + us
		}
	}
	return sum, last, true
}

// listItem cuts off the first item of a list whose items have ", " or " : " between
// them.
func listItem(text []byte) (item, rest []byte) {
	for i := range text {
		if text[i] == ',' {
			return bytes.TrimSpace(text[:i]), bytes.TrimLeft(text[i+1:], " ")
		}
		if text[i] == ' ' && i+2 < len(text) && text[i+1] == ':' && text[i+2] == ' ' {
			return bytes.TrimSpace(text[:i]), text[i+3:]
		}
	}
	return bytes.TrimSpace(text), nil
}

// listLength is how many bytes of text are a list of items that have no blanks in
// them. A byte ends it, too.
func listLength(text []byte, stop byte) int {
	end := 0
	for {
		for end < len(text) && text[end] != ' ' && text[end] != ',' && text[end] != '"' && text[end] != stop {
			end++
		}
		switch {
		case bytes.HasPrefix(text[end:], []byte(", ")):
			end += 2
		case bytes.HasPrefix(text[end:], []byte(" : ")):
			end += 3
		default:
			return end
		}
	}
}

// isDigits says whether text is digits, and some.
func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// isNumber says whether text is a decimal number, and with how many decimals.
func isNumber(text []byte) (decimals int, ok bool) {
	whole, fraction, point := bytes.Cut(text, []byte{'.'})
	if !isDigits(whole) || point && !isDigits(fraction) {
		return 0, false
	}
	return len(fraction), true
}
