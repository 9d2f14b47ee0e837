package rows_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/rows"
)

// TestRecords: values of all kinds, and each fault with its place.
func TestRecords(t *testing.T) {
	t.Parallel()
	f, err := rows.Read("a.csv", strings.NewReader("name,x,n,yes\nfirst,1.5,2,true\nsecond,x,-2,maybe\n"))
	require.NoError(t, err)
	require.True(t, f.Has("x", "n"))
	require.False(t, f.Has("x", "z"))
	seen := 0
	require.EqualError(t, f.Each(func(r *rows.Record) {
		if seen++; seen == 1 {
			require.Equal(t, "first", r.Text("name"))
			require.Equal(t, 1.5, r.Number("x"))
			require.Equal(t, 2, r.Count("n"))
			require.True(t, r.Bool("yes"))
			return
		}
		r.Number("x")
		r.Count("n") // the first fault counts
	}), `recorded file: a.csv: record 3: x = "x": must be a number`)
	for want, visit := range map[string]func(*rows.Record){
		`n = "-2": must be a whole number, not negative`: func(r *rows.Record) { r.Count("n") },
		`yes = "maybe": must be true or false`:           func(r *rows.Record) { r.Bool("yes") },
		`z = "": there is no such column`:                func(r *rows.Record) { r.Text("z") },
		`must be that of the first record`:               func(r *rows.Record) { r.Same("name") },
	} {
		err := f.Each(visit)
		require.ErrorIs(t, err, rows.ErrUnreadable)
		require.ErrorContains(t, err, want)
	}
	for _, text := range []string{"", "name,x\n", "a,b\n1\n"} {
		_, err := rows.Read("a.csv", strings.NewReader(text))
		require.ErrorIs(t, err, rows.ErrUnreadable)
		require.ErrorContains(t, err, "a.csv: ")
	}
}
