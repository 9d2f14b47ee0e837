package text_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/results/text"
)

// TestPlainIsTabwriter: a plain table is what text/tabwriter prints of the same
// cells, blanks at the ends of lines included.
func TestPlainIsTabwriter(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"", "a", "runs/one", "0.25 ± 0.01", "…", " led by a blank", "trailing ", "ärger", "a much longer cell than the others", "[1, 2]", "-", "x  y", "%", "│", "<b>", "a,b;c"}
	for range 500 {
		var want strings.Builder
		w := tabwriter.NewWriter(&want, 0, 8, 2, ' ', 0)
		table := text.NewTable()
		for range 1 + random.IntN(3) {
			columns := 2 + random.IntN(6)
			for range 1 + random.IntN(5) {
				row := make([]string, columns)
				for k := range row {
					row[k] = words[random.IntN(len(words))]
				}
				fmt.Fprintln(w, strings.Join(row, "\t"))
				if random.IntN(2) == 0 {
					table.Row(row...)
				} else {
					table.Rowf("%s", strings.Join(row, "\t"))
				}
			}
			line := words[random.IntN(len(words))]
			fmt.Fprintln(w, line)
			table.Row(line)
		}
		require.NoError(t, w.Flush())
		var got strings.Builder
		require.NoError(t, table.Write(&got))
		require.Equal(t, want.String(), got.String())
	}
}

// TestPlainRight: columns of numbers are what text/tabwriter aligns to the
// right.
func TestPlainRight(t *testing.T) {
	t.Parallel()
	var want, got strings.Builder
	w := tabwriter.NewWriter(&want, 0, 8, 2, ' ', tabwriter.AlignRight)
	table := text.NewTable("servers", "ns", "runs")
	table.Indent = "  "
	table.Right(0, 1, 2)
	fmt.Fprint(w, "servers\tns\truns\t\n8\t12345\t3\t\n1000\t\t10\t\n")
	table.Rowf("%d\t%d\t%d", 8, 12345, 3)
	table.Row("1000", "", "10")
	require.NoError(t, w.Flush())
	require.NoError(t, table.Write(&got))
	require.Equal(t, want.String(), got.String())
}

// TestWide: characters that take two columns of a terminal, and cells that
// would break the table, leave it whole.
func TestWide(t *testing.T) {
	t.Parallel()
	table := text.NewTable("日本語", "x\ty", "👩‍🚀")
	table.Row("a", "b\nc", "日本")
	var got strings.Builder
	require.NoError(t, table.Write(&got))
	require.Equal(t, "日本語  x y  👩‍🚀\na       b c  日本\n", got.String())
}

func TestRuled(t *testing.T) {
	t.Parallel()
	table := text.NewTable("target", "mean")
	table.Style = text.Ruled
	table.Right(1)
	table.Row("sed", "0.250 ± 0.010")
	table.Row("", "")
	table.Row("wcmp", "1")
	var got strings.Builder
	require.NoError(t, table.Write(&got))
	require.Equal(t, ""+
		" target            mean\n"+
		"------------------------\n"+
		" sed      0.250 ± 0.010\n"+
		"\n"+
		" wcmp                 1\n", got.String())
}

func TestFramed(t *testing.T) {
	t.Parallel()
	table := text.NewTable("Method", "Wiki", "Static", "Wiki", "Static")
	table.Style = text.Framed
	table.Right(1, 2, 3, 4)
	table.Groups("", "Period I (796.315 queries/s)", "Period I (796.315 queries/s)", "II", "II")
	table.Row()
	table.Row("SED", "0.250", "0.1", "-", "")
	var got strings.Builder
	require.NoError(t, table.Write(&got))
	require.Equal(t, ""+
		"────────────────────────────────────────────────────\n"+
		"         Period I (796.315 queries/s)       II\n"+
		" Method          Wiki          Static  Wiki  Static\n"+
		" ──────  ────────────  ──────────────  ────  ──────\n"+
		" SED            0.250             0.1     -\n"+
		"────────────────────────────────────────────────────\n", got.String())
}

// TestFit: names are shortened in the order of the columns given, as far as
// the width asks for and no further than the least.
func TestFit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 30)
	for _, test := range []struct{ width, first, second int }{{100, 30, 30}, {60, 25, 30}, {45, 20, 20}, {53, 20, 28}, {10, 20, 20}} {
		table := text.NewTable("RUN", "N", "SCENARIO")
		table.Row(long, "1", long)
		table.Fit(test.width, 20, text.Middle, 0, 2)
		var got strings.Builder
		require.NoError(t, table.Write(&got))
		fields := strings.Fields(strings.SplitAfter(got.String(), "\n")[1])
		require.Equal(t, test.first, utf8.RuneCountInString(fields[0]))
		require.Equal(t, test.second, utf8.RuneCountInString(fields[2]))
	}
}

// TestFitDistinct: names that differ are not shortened to the same.
func TestFitDistinct(t *testing.T) {
	t.Parallel()
	table := text.NewTable("RUN", "N")
	long := func(middle string) string {
		return strings.Repeat("x", 20) + middle + strings.Repeat("x", 12)
	}
	table.Row(long("a"), "1")
	table.Row(long("b"), "2")
	table.Row(long("a"), "3")
	table.Fit(20, 10, text.Middle, 0)
	var got strings.Builder
	require.NoError(t, table.Write(&got))
	lines := strings.Split(got.String(), "\n")
	first, second := strings.Fields(lines[1])[0], strings.Fields(lines[2])[0]
	require.NotEqual(t, first, second)
	require.Equal(t, first, strings.Fields(lines[3])[0])
	require.Less(t, utf8.RuneCountInString(first), 33)
	require.Contains(t, first, "…")
}

func TestWrap(t *testing.T) {
	t.Parallel()
	require.Equal(t, "\n", text.Wrap("", 10, ""))
	require.Equal(t, "one two\nthree\n", text.Wrap(" one  two three", 8, ""))
	require.Equal(t, "one\n  two\n  incomprehensible\n  x\n", text.Wrap("one two incomprehensible x", 6, "  "))
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		width int
		front text.Front
		want  string
	}{
		{10, text.Middle, "0123456789"},
		{9, text.Middle, "0123…6789"},
		{6, text.Middle, "01…789"},
		{6, 0, "…56789"},
		{6, 3, "012…89"},
	} {
		require.Equal(t, test.want, text.Shorten("0123456789", test.width, test.front))
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	require.Equal(t, "0 runs, 1 run, 2 runs", text.Count(0, "run")+", "+text.Count(1, "run")+", "+text.Count(2, "run"))
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	require.Equal(t, "", text.Seeds(nil))
	require.Equal(t, "1000-1003,7", text.Seeds([]uint64{1000, 1001, 1002, 1003, 7}))
	require.Equal(t, "3,2,1", text.Seeds([]uint64{3, 2, 1}))
	require.Equal(t, "18446744073709551615,0", text.Seeds([]uint64{1<<64 - 1, 0}))
}
