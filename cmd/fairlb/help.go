package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/results/text"
)

// helpWidth is how many columns help keeps within, but for examples, which are
// there to be copied.
const helpWidth = 80

// fitHelp lays out the help of a command and of those below it.
func fitHelp(c *cobra.Command) {
	c.Long = fitLong(c.Long)
	for _, below := range c.Commands() {
		fitHelp(below)
	}
}

// entry is a line of a list in a help text: what is explained, then the rest.
var entry = regexp.MustCompile(`^ +\S+ {2,}|^ +`)

// fitLong wraps a help text: its paragraphs, and those lines that begin with
// blanks and are too long, of which what follows stays in its column.
func fitLong(long string) string {
	var b strings.Builder
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			b.WriteString(text.Wrap(strings.Join(paragraph, " "), helpWidth, ""))
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(strings.TrimRight(long, "\n"), "\n") {
		front := entry.FindString(line)
		switch {
		case front != "" && len([]rune(line)) <= helpWidth:
			flush()
			b.WriteString(line + "\n")
		case line == "" || front != "":
			flush()
			rest := line[len(front):]
			b.WriteString(front + strings.TrimSuffix(text.Wrap(rest, helpWidth-len(front), strings.Repeat(" ", len(front))), "\n") + "\n")
		default:
			paragraph = append(paragraph, line)
			if strings.HasSuffix(line, ":") { // a list's title
				flush()
			}
		}
	}
	flush()
	return strings.TrimRight(b.String(), "\n")
}
