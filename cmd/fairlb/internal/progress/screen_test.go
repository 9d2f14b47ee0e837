package progress

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// shownOn is what a terminal shows of what was written to it: a carriage return goes to
// the beginning of the line, and what follows is written over it.
func shownOn(written string) []string {
	lines := [][]rune{nil}
	column := 0
	for _, r := range written {
		last := len(lines) - 1
		switch {
		case r == '\r':
			column = 0
		case r == '\n':
			lines, column = append(lines, nil), 0
		case column < len(lines[last]):
			lines[last][column] = r
			column++
		default:
			lines[last] = append(lines[last], r)
			column++
		}
	}
	var shown []string
	for _, line := range lines {
		shown = append(shown, strings.TrimRight(string(line), " "))
	}
	return shown
}

// TestLinesGoAboveTheBar: each line of a log stands by itself, whole, and the bar is drawn
// again below it until it is closed.
func TestLinesGoAboveTheBar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	screen := NewScreen(&out)
	fmt.Fprintln(screen, "before")
	bar := Terminal{Screen: screen, Columns: 80}.Bar("tables", 5)
	for k := range 5 {
		bar.Set(k+1, "")
		fmt.Fprintf(screen, "job %d\n", k+1)
		if k < 4 {
			shown := shownOn(out.String())
			require.Equal(t, fmt.Sprintf("job %d", k+1), shown[len(shown)-2])
			last := shown[len(shown)-1]
			require.Contains(t, last, fmt.Sprintf("(%d/5)", k+1), "the bar is below")
			require.LessOrEqual(t, utf8.RuneCountInString(last), 80)
		}
	}
	bar.Close()
	fmt.Fprintln(screen, "after")
	require.Equal(t, []string{"before", "job 1", "job 2", "job 3", "job 4", "job 5", "after", ""}, shownOn(out.String()))
}
