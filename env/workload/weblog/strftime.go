package weblog

import (
	"bytes"
	"fmt"
	"strconv"
)

// strftime returns a reader of times in a layout of strftime. Beside its own, %Q and
// %! are ms and us since 1970, %3 to %9, %3f to %9f and %f decimals of a second.
func strftime(layout string) (stampReader, error) {
	var parts []func(c *clock, text []byte) ([]byte, bool)
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			want := layout[i]
			parts = append(parts, func(_ *clock, text []byte) ([]byte, bool) {
				if len(text) == 0 || text[0] != want {
					return text, false
				}
				return text[1:], true
			})
			continue
		}
		i++
		if more := expansion(layout[i]); more != "" {
			layout = layout[:i-1] + more + layout[i+1:]
			i -= 2
			continue
		}
		part, known := strftimePart(layout[i])
		if !known {
			return nil, fmt.Errorf("%%%c: fairlb knows no such part of a time", layout[i])
		}
		if layout[i] >= '1' && layout[i] <= '9' && i+1 < len(layout) && layout[i+1] == 'f' {
			i++
		}
		parts = append(parts, part)
	}
	return func(text []byte) (us int64, fine, ok bool) {
		c := clock{year: 1970, month: 1, day: 1}
		for _, part := range parts {
			if text, ok = part(&c, text); !ok {
				return 0, false, false
			}
		}
		if len(text) > 0 {
			return 0, false, false
		}
		return c.us()
	}, nil
}

// expansion is what a part that stands for several means, or empty.
func expansion(name byte) string {
	switch name {
	case 'T':
		return "%H:%M:%S"
	case 'R':
		return "%H:%M"
	case 'F':
		return "%Y-%m-%d"
	case 'D':
		return "%m/%d/%y"
	}
	return ""
}

// strftimePart reads one part.
func strftimePart(name byte) (func(c *clock, text []byte) ([]byte, bool), bool) {
	two := func(of func(*clock) *int) func(c *clock, text []byte) ([]byte, bool) {
		return func(c *clock, text []byte) ([]byte, bool) { return digits(text, 2, of(c)) }
	}
	switch name {
	case 'Y':
		return func(c *clock, text []byte) ([]byte, bool) { return digits(text, 4, &c.year) }, true
	case 'y':
		return func(c *clock, text []byte) ([]byte, bool) {
			text, ok := digits(text, 2, &c.year)
			c.year += 2000
			return text, ok
		}, true
	case 'm':
		return two(func(c *clock) *int { return &c.month }), true
	case 'd':
		return two(func(c *clock) *int { return &c.day }), true
	case 'e':
		return func(c *clock, text []byte) ([]byte, bool) {
			if rest, blank := letter(text, " "); blank {
				return digits(rest, 1, &c.day)
			}
			return digits(text, 2, &c.day)
		}, true
	case 'b', 'h':
		return func(c *clock, text []byte) ([]byte, bool) { return c.readMonth(text) }, true
	case 'a':
		return func(_ *clock, text []byte) ([]byte, bool) { return text[min(3, len(text)):], len(text) >= 3 }, true
	case 'H':
		return two(func(c *clock) *int { return &c.hour }), true
	case 'M':
		return two(func(c *clock) *int { return &c.minute }), true
	case 'S':
		return two(func(c *clock) *int { return &c.second }), true
	case 'z':
		return func(c *clock, text []byte) ([]byte, bool) { return c.zone(text) }, true
	case 'Z':
		return func(_ *clock, text []byte) ([]byte, bool) {
			for _, name := range []string{"UTC", "GMT"} {
				if rest, found := bytes.CutPrefix(text, []byte(name)); found {
					return rest, true
				}
			}
			return text, false // what other names mean depends on who wrote them
		}, true
	case 's':
		return sinceEpoch(seconds), true
	case 'Q':
		return sinceEpoch(milliseconds), true
	case '!':
		return sinceEpoch(microseconds), true
	case 'f', '3', '6', '9':
		return func(c *clock, text []byte) ([]byte, bool) { return c.fraction(text) }, true
	case '%':
		return func(_ *clock, text []byte) ([]byte, bool) { return letter(text, "%") }, true
	}
	return nil, false
}

// sinceEpoch reads a whole number of units since 1970.
func sinceEpoch(u unit) func(c *clock, text []byte) ([]byte, bool) {
	return func(c *clock, text []byte) ([]byte, bool) {
		end := 0
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		n, err := strconv.ParseInt(string(text[:end]), 10, 64)
		if err != nil || float64(n)*float64(u) > 1e17 {
			return text, false
		}
		us := n * int64(u)
		days := us / 86400e6
		c.day, us = 1, us%86400e6
		c.offset = -int(days * 86400)
		c.hour, c.minute, c.second = int(us/3600e6), int(us/60e6%60), int(us/1e6%60)
		c.nanos = int(us%1e6) * 1000
		c.fine = u < seconds
		return text[end:], true
	}
}
