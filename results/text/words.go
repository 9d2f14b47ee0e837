package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Wrap breaks text at blanks into lines of at most width characters, all but
// the first after an indent, and ends it with a newline. A word that is longer
// than a line has a line of its own.
func Wrap(text string, width int, indent string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteString("\n" + indent)
			column = utf8.RuneCountInString(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
	return b.String()
}

// Front says how many characters of a name's beginning remain when it is
// shortened: a number from 0, or Middle.
type Front int

// Middle keeps as much of the beginning as of the end.
const Middle Front = -1

// Shorten returns a name in at most width characters, of which there must be
// room for an ellipsis and front. Of a longer name it keeps the front and as
// much of the end as there is room for, an ellipsis between them: names of runs
// are paths, of which the end tells more than the beginning.
func Shorten(name string, width int, front Front) string {
	runes := []rune(name)
	if len(runes) <= width {
		return name
	}
	head := int(front)
	if front == Middle {
		head = (width - 1) / 2
	}
	return string(runes[:head]) + "…" + string(runes[len(runes)-(width-1-head):])
}

// Count says how many there are of what a noun names: "1 run", "3 runs". The
// noun must take an s in the plural.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Seeds lists seeds in their order, with ranges where they count up by one:
// "1000-1019,7". It is how seeds are written on the command line.
func Seeds(seeds []uint64) string {
	var parts []string
	for i := 0; i < len(seeds); {
		last := i
		for last+1 < len(seeds) && seeds[last] < seeds[last+1] && seeds[last+1]-seeds[last] == 1 {
			last++
		}
		part := strconv.FormatUint(seeds[i], 10)
		if last > i {
			part += "-" + strconv.FormatUint(seeds[last], 10)
		}
		parts = append(parts, part)
		i = last + 1
	}
	return strings.Join(parts, ",")
}

// Exact writes a number in as few digits as read back the same.
func Exact(x float64) string {
	return strconv.FormatFloat(x, 'g', -1, 64)
}
