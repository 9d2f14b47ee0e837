package main

import (
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/progress"
)

// TestMeasured: the widest line counts, in whatever parts it is written.
func TestMeasured(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := &measured{Writer: &out}
	for _, part := range []string{"ab", "cdé\n", "", "\nabcdefg", "\nx"} {
		n, err := m.Write([]byte(part))
		require.NoError(t, err)
		require.Equal(t, len(part), n)
	}
	require.Equal(t, 7, m.widest)
	require.Equal(t, "abcdé\n\nabcdefg\nx", out.String())
}

// TestResultNotPrinted: a command whose result the standard output does not take
// has failed, whether it looks at what it writes or not.
func TestResultNotPrinted(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--version"}, {"--help"}, {"scenarios"}, {"scenarios", "show", "for-loop"}, {"runs", "list", "."}, {"schema", "scenario"},
		{"eval", "lsq", "sed", "--scenario", "sim-moderate/pure-cpu", "--seeds", "1", "--duration", "1"},
		{"theory", "inference", "--seeds", "1-2", "--duration", "1", "--particles", "2"},
	} {
		err := run(t.Context(), args, fullDisk{}, io.Discard)
		require.ErrorIs(t, err, syscall.ENOSPC, "%v", args)
		require.Equal(t, exitFailed, exitCode(err), "%v", args)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

// Write implements io.Writer.
func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestColours: NO_COLOR and a dumb terminal have none, and nothing is drawn
// where nobody looks.
func TestColours(t *testing.T) {
	for _, test := range []struct {
		noColour, terminal string
		want               bool
	}{{"", "xterm", true}, {"1", "xterm", false}, {"", "dumb", false}} {
		t.Setenv("NO_COLOR", test.noColour)
		t.Setenv("TERM", test.terminal)
		require.Equal(t, test.want, coloured())
		var out bytes.Buffer
		app := newApp(nil, &out, &out)
		require.IsType(t, progress.Lines{}, app.progress)
		require.Equal(t, !test.want, app.log.Formatter.(*logrus.TextFormatter).DisableColors)
	}
}

// TestHelpFits: help keeps within 80 columns, flags too; examples, which are
// copied, and the lines about commands within 100.
func TestHelpFits(t *testing.T) {
	for _, path := range commandPaths(t) {
		help, _, err := command(t, append(path, "--help")...)
		require.NoError(t, err)
		most := helpWidth
		for line := range strings.Lines(help) {
			line = strings.TrimRight(line, "\n")
			switch line {
			case "Available Commands:", "Examples:":
				most = 100
			case "":
				most = helpWidth
			}
			require.LessOrEqual(t, len([]rune(line)), most, "fairlb %s: %s", strings.Join(path, " "), line)
		}
	}
}

func TestFitLong(t *testing.T) {
	t.Parallel()
	words := strings.TrimSuffix(strings.Repeat("word ", 20), " ")
	require.Equal(t, "One\ntwo", strings.ReplaceAll(fitLong("One\ntwo"), " ", "\n"))
	for line := range strings.SplitSeq(fitLong(words+"\nTitle:\n  name    "+words+"\n\n    "+words), "\n") {
		require.LessOrEqual(t, len(line), helpWidth, line)
	}
	require.Contains(t, fitLong("Title:\n  name    "+words), "Title:\n  name    word")
	require.Contains(t, fitLong("  name    "+words), "\n          word")
}
