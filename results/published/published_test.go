package published

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCellsCount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ table, cells, missing int }{
		{11, 152, 0}, {12, 152, 0}, {13, 32, 4}, {14, 36, 0}, {15, 36, 0}, {16, 54, 0},
	} {
		cells, err := Cells(c.table)
		require.NoError(t, err)
		require.Len(t, cells, c.cells, "table %d", c.table)
		missing := 0
		for _, cell := range cells {
			if cell.Missing {
				missing++
				require.Zero(t, cell.Mean)
				require.Zero(t, cell.SD)
			}
		}
		require.Equal(t, c.missing, missing, "table %d", c.table)
	}
}

// Values read by eye from the paper's text, appendix E.2.
func TestCellsMatchPaperText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		table int
		want  Cell
	}{
		{11, Cell{Method: "WCMP", Column: "period-I/wiki", Mean: 0.435, SD: 0.083}},
		{11, Cell{Method: "QMix-LB", Reward: "logMS", Column: "period-III/wiki", Mean: 0.844, SD: 1.376}},
		{11, Cell{Method: "Distr-LB", Reward: "VBF+logVBF", Column: "period-IV/static", Mean: 0.006, SD: 0.003}},
		{12, Cell{Method: "RLB-SAC", Reward: "G", Column: "period-IV/static", Mean: 1.166, SD: 0.156}},
		{12, Cell{Method: "QMix-LB", Reward: "logMS", Column: "period-III/static", Mean: 6.427, SD: 12.479}},
		{12, Cell{Method: "Centr-LB", Reward: "CV", Column: "period-II/static", Mean: 0.131, SD: 0.130}},
		{13, Cell{Method: "LSQ", Column: "period-II/static", Mean: 0.675, SD: 1.223}},
		{13, Cell{Method: "Distr-LB", Reward: "VBF+logVBF", Column: "period-II/wiki", Mean: 0.531, SD: 0.149}},
		{13, Cell{Method: "Distr-LB", Reward: "VBF+logVBF", Column: "period-II/static", Missing: true}},
		{14, Cell{Method: "Distr-LB", Reward: "VBF+logVBF", Column: "2926.135", Mean: 2.513, SD: 0.105}},
		{15, Cell{Method: "LSQ", Column: "731.534", Mean: 0.004, SD: 0.001}},
		{15, Cell{Method: "Distr-LB", Reward: "VBF", Column: "2377.484", Mean: 0.055, SD: 0.070}},
		{16, Cell{Method: "SED", Column: "wiki/p99", Mean: 30.6, SD: 6.718}},
		{16, Cell{Method: "WCMP", Column: "static/p95", Mean: 6.571, SD: 1.996}},
	} {
		cells, err := Cells(c.table)
		require.NoError(t, err)
		require.Contains(t, cells, c.want, "table %d", c.table)
	}
}

// TestNothingIsMended: the files are those that were read off the paper, byte for
// byte. A new table adds its hash; no other hash ever changes.
func TestNothingIsMended(t *testing.T) {
	t.Parallel()
	hashes := map[int]string{
		11: "d1b16871f2f0f17bdbf4a8e788b824a1eecafd8622bea19b514140b55c2abe89",
		12: "2f3170e533e0a2e673d26f37aea77fa4ebd62d8ac10eedd2db8d584da52a69f3",
		13: "bf6f9498e3575953660440d6052d42e55c3eceb651a198c2a89e270c252ddf4e",
		14: "f9be515244e876abbe3746362bde057b7ecfe72814cbb26f6109d24761ee66bf",
		15: "bce93939dd30552369c52558f76d01bbd701a2426eea88825bf7f8003a31652f",
		16: "201daca924f252b221c7a0219334278ad418c0407e6366307f76f98dd33b2eb8",
	}
	require.Equal(t, slices.Sorted(maps.Keys(hashes)), Tables())
	for number, want := range hashes {
		data, err := files.ReadFile(fileName(number))
		require.NoError(t, err)
		require.Equal(t, want, fmt.Sprintf("%x", sha256.Sum256(data)), "table %d", number)
	}
}

func TestUnknownTable(t *testing.T) {
	t.Parallel()
	for _, table := range []int{-1, 0, 10, 17} {
		_, err := Cells(table)
		require.ErrorIs(t, err, ErrUnknownTable)
	}
}

func TestCellsBelongToCaller(t *testing.T) {
	t.Parallel()
	a, err := Cells(11)
	require.NoError(t, err)
	a[0].Mean = -1
	b, err := Cells(11)
	require.NoError(t, err)
	require.Equal(t, 0.435, b[0].Mean)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, data, message string }{
		{"empty", "", "published: x.csv: EOF"},
		{"header", "a,b,c,d,e\n", `published: x.csv:1: header is "a,b,c,d,e", want "method,reward,column,mean,sd"`},
		{"short row", header + "\nSED,,c,1\n", "published: x.csv: record on line 2: wrong number of fields"},
		{"no method", header + "\n,,c,1,1\n", "published: x.csv:2: method and column must not be empty"},
		{"no column", header + "\nSED,,,1,1\n", "published: x.csv:2: method and column must not be empty"},
		{"word", header + "\nSED,,c,1,1\nSED,,d,x,1\n", `published: x.csv:3: mean "x" is not a number`},
		{"mean only", header + "\nSED,,c,1,\n", `published: x.csv:2: sd "" is not a number`},
		{"negative", header + "\nSED,,c,-1,1\n", `published: x.csv:2: mean "-1" must be finite and at least 0`},
		{"nan", header + "\nSED,,c,1,NaN\n", `published: x.csv:2: sd "NaN" must be finite and at least 0`},
		{"twice", header + "\nSED,,c,1,1\nSED,,c,2,1\n", `published: x.csv:3: cell ["SED" "" "c"] appears twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse("x.csv", []byte(c.data))
			require.EqualError(t, err, c.message)
		})
	}
}
