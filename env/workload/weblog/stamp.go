package weblog

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"time"
)

// A stampReader reads a time (us since 1970) and says whether it has a fraction of
// a second.
type stampReader func(text []byte) (us int64, fine, ok bool)

// The rules of times.
const (
	stampRule = "a time must be like 10/Oct/2000:13:55:36 -0700, not before 1970"
	isoRule   = "a time must be like 2000-10-10T13:55:36Z, a fraction and a zone if there are any, not before 1970"
	anyRule   = "a time must be like 2000-10-10T13:55:36Z or 10/Oct/2000:13:55:36 -0700, or a number of s, ms, us or ns since 1970"
)

// clock collects the parts of a time.
type clock struct {
	year, month, day, hour, minute, second int
	nanos                                  int
	offset                                 int // s east of Greenwich
	fine                                   bool
}

// us returns the time in us since 1970. It checks that there is such a time.
func (c *clock) us() (us int64, fine, ok bool) {
	if c.month < 1 || c.month > 12 || c.day < 1 || c.hour > 23 || c.minute > 59 || c.second > 59 {
		return 0, false, false
	}
	date := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.nanos, time.UTC)
	us = date.UnixMicro() - int64(c.offset)*1e6
	return us, c.fine, date.Day() == c.day && us >= 0
}

// digits cuts off a number of that many digits.
func digits(text []byte, count int, n *int) ([]byte, bool) {
	if len(text) < count || !isDigits(text[:count]) {
		return text, false
	}
	*n = 0
	for _, c := range text[:count] {
		*n = 10**n + int(c-'0')
	}
	return text[count:], true
}

// letter cuts off one of the given bytes.
func letter(text []byte, any string) ([]byte, bool) {
	if len(text) == 0 || bytes.IndexByte([]byte(any), text[0]) < 0 {
		return text, false
	}
	return text[1:], true
}

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"

// month cuts off the name of a month in three letters.
func (c *clock) readMonth(text []byte) ([]byte, bool) {
	if len(text) < 3 {
		return text, false
	}
	index := bytes.Index([]byte(monthNames), text[:3])
	if index < 0 || index%3 != 0 {
		return text, false
	}
	c.month = index/3 + 1
	return text[3:], true
}

// clockTime cuts off 13:55:36 and a fraction, if there is one.
func (c *clock) clockTime(text []byte) ([]byte, bool) {
	text, ok := digits(text, 2, &c.hour)
	if ok {
		text, ok = letter(text, ":")
	}
	if ok {
		text, ok = digits(text, 2, &c.minute)
	}
	if ok {
		text, ok = letter(text, ":")
	}
	if ok {
		text, ok = digits(text, 2, &c.second)
	}
	if ok && len(text) > 1 && (text[0] == '.' || text[0] == ',') {
		text, ok = c.fraction(text[1:])
	}
	return text, ok
}

// fraction cuts off decimals of a second.
func (c *clock) fraction(text []byte) ([]byte, bool) {
	end, scale := 0, int(1e8)
	c.nanos = 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		c.nanos += scale * int(text[end]-'0')
		scale /= 10
		end++
	}
	c.fine = true
	return text[end:], end > 0
}

// zone cuts off Z, +hh, +hhmm or +hh:mm.
func (c *clock) zone(text []byte) ([]byte, bool) {
	if rest, ok := letter(text, "Zz"); ok {
		return rest, true
	}
	if len(text) == 0 || text[0] != '+' && text[0] != '-' {
		return text, false
	}
	sign, hours, minutes := 1, 0, 0
	if text[0] == '-' {
		sign = -1
	}
	text, ok := digits(text[1:], 2, &hours)
	if ok && len(text) > 0 {
		if rest, colon := letter(text, ":"); colon {
			text = rest
		}
		text, ok = digits(text, 2, &minutes)
	}
	c.offset = sign * (hours*3600 + minutes*60)
	return text, ok && hours < 24 && minutes < 60
}

// commonStamp reads 10/Oct/2000:13:55:36.123 -0700. HAProxy writes no zone; such a
// time is taken for UTC.
func commonStamp(text []byte) (us int64, fine, ok bool) {
	var c clock
	if text, ok = digits(text, 2, &c.day); ok {
		text, ok = letter(text, "/")
	}
	if ok {
		text, ok = c.readMonth(text)
	}
	if ok {
		text, ok = letter(text, "/")
	}
	if ok {
		text, ok = digits(text, 4, &c.year)
	}
	if ok {
		text, ok = letter(text, ":")
	}
	if ok {
		text, ok = c.clockTime(text)
	}
	if ok && len(text) > 0 {
		if text, ok = letter(text, " "); ok {
			text, ok = c.zone(text)
		}
	}
	if !ok || len(text) > 0 {
		return 0, false, false
	}
	return c.us()
}

// isoStamp reads 2000-10-10T13:55:36.123Z, also with a blank for the T, and without
// a zone, which is taken for UTC.
func isoStamp(text []byte) (us int64, fine, ok bool) {
	var c clock
	if text, ok = c.isoDate(text); ok {
		text, ok = letter(text, "Tt ")
	}
	if ok {
		text, ok = c.clockTime(text)
	}
	if ok {
		if text = bytes.TrimLeft(text, " "); string(text) == "UTC" || string(text) == "GMT" {
			text = nil
		}
		if len(text) > 0 {
			text, ok = c.zone(text)
		}
	}
	if !ok || len(text) > 0 {
		return 0, false, false
	}
	return c.us()
}

// zoned matches the end of a time that names its zone.
var zoned = regexp.MustCompile(`([Zz]|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$`)

// withoutZone says whether a time, as it stands in a log, is one of a clock whose
// zone is not named. Numbers since 1970 need none.
func withoutZone(text []byte) bool {
	_, number := isNumber(text)
	return len(text) > 0 && !number && !zoned.Match(text)
}

// isoDate cuts off 2000-10-10.
func (c *clock) isoDate(text []byte) (rest []byte, ok bool) {
	if text, ok = digits(text, 4, &c.year); ok {
		text, ok = letter(text, "-/")
	}
	if ok {
		text, ok = digits(text, 2, &c.month)
	}
	if ok {
		text, ok = letter(text, "-/")
	}
	if ok {
		text, ok = digits(text, 2, &c.day)
	}
	return text, ok
}

// webStamp reads Tue, 10 Oct 2000 13:55:36 GMT.
func webStamp(text []byte) (us int64, fine, ok bool) {
	date, err := time.Parse(time.RFC1123, string(text))
	return date.UnixMicro(), false, err == nil && date.Unix() >= 0
}

// epochStamp reads a number of units since 1970.
func epochStamp(u unit) stampReader {
	return func(text []byte) (us int64, fine, ok bool) {
		decimals, ok := isNumber(text)
		if !ok {
			return 0, false, false
		}
		whole, fraction, _ := bytes.Cut(text, []byte{'.'})
		n, err := strconv.ParseInt(string(whole), 10, 64)
		if err != nil || float64(n)*float64(u) > 1e17 {
			return 0, false, false
		}
		part := 0.0
		if decimals > 0 {
			if part, err = strconv.ParseFloat("0."+string(fraction), 64); err != nil {
				return 0, false, false
			}
		}
		if u >= 1 {
			us = n * int64(u)
		} else {
			us = n / int64(math.Round(1/float64(u)))
		}
		return us + int64(math.Round(part*float64(u))), decimals > 0 || u < seconds, true
	}
}

// anyStamp reads a time as one of the above. The unit of a number is told by its
// size: dates from 2001 to 2286 in s, ms, us and ns do not overlap.
func anyStamp(text []byte) (us int64, fine, ok bool) {
	if us, fine, ok = isoStamp(text); ok {
		return us, fine, ok
	}
	if us, fine, ok = commonStamp(text); ok {
		return us, fine, ok
	}
	if us, fine, ok = webStamp(text); ok {
		return us, fine, ok
	}
	whole, _, _ := bytes.Cut(text, []byte{'.'})
	switch len(whole) {
	case 10:
		return epochStamp(seconds)(text)
	case 13:
		return epochStamp(milliseconds)(text)
	case 16:
		return epochStamp(microseconds)(text)
	case 19:
		return epochStamp(nanoseconds)(text)
	}
	return 0, false, false
}
