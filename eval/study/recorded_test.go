package study

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const recorded = `scenario,target,family,training_seed,mean_s,ratio_to_sed
one,lsq,,,3,1.5
one,sed,,,2,1
one,tuned,,,1.9,0.95
one,a,paper,1,1.6,0.8
one,a,paper,2,1.8,0.9
two,sed,,,1,1
`

// TestRecorded: ratios and intervals by hand.
func TestRecorded(t *testing.T) {
	t.Parallel()
	r, err := ReadCSV("s.csv", strings.NewReader(recorded))
	require.NoError(t, err)
	require.Len(t, r.Scenarios, 2)
	one := &r.Scenarios[0]
	a, ok := one.Ratio("a")
	require.True(t, ok)
	require.InDelta(t, 0.85, a.Value, 1e-12)
	require.InDelta(t, 0.85+12.7062*0.0707107/1.4142136, a.Hi, 1e-4) // t(1) = 12.7062
	lsq, ok := one.Ratio("lsq")
	require.True(t, ok)
	require.Equal(t, Ratio{Value: 1.5}, lsq, "a heuristic is not trained")
	_, ok = one.Ratio("b")
	require.False(t, ok)
	require.Equal(t, "tuned", one.Best([]string{"lsq", "tuned", "a"}).Name)
	require.Nil(t, one.Best(nil))
}

// TestJoin: a later study's methods stand in place of the earlier's, if the
// heuristics of both met the same arrivals.
func TestJoin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ later, want, fault string }{
		{"one,sed,,,2\none,a,x,1,1\none,b,x,1,1\n", "0.5 0.5", ""},
		{"one,sed,,,2.0000001\none,a,x,1,1\n", "", "did not meet the same arrivals"},
		{"one,sed,,,2\none,lsq,x,1,3\n", "", "a heuristic in one and a method in the other"},
	} {
		r, err := ReadCSV("s.csv", strings.NewReader(recorded))
		require.NoError(t, err)
		later, err := ReadCSV("t.csv", strings.NewReader("scenario,target,family,training_seed,mean_s\n"+test.later))
		require.NoError(t, err)
		err = r.Join(later)
		if test.fault != "" {
			require.ErrorIs(t, err, ErrRecorded)
			require.ErrorContains(t, err, test.fault)
			continue
		}
		require.NoError(t, err)
		for _, name := range []string{"a", "b"} {
			ratio, ok := r.Scenarios[0].Ratio(name)
			require.True(t, ok)
			require.Equal(t, Ratio{Value: 0.5}, ratio)
		}
	}
}

// TestRecordedFaults: what is wrong with a recorded study is said with its place.
func TestRecordedFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, new, want string }{
		{recorded, "", "s.csv: is empty"},
		{"mean_s", "mean", `s.csv: has no column "mean_s"`},
		{",1.9,", ",-1.9,", `s.csv: record 4: mean_s = "-1.9": must be a positive number`},
		{",1.9,", ",NaN,", `s.csv: record 4: mean_s = "NaN": must be a positive number`},
		{"one,tuned", "one,lsq", "s.csv: record 4: lsq comes twice in one"},
		{"two,sed", "two,lsq", "s.csv: two lacks sed"},
		{"two,sed,,,1,1", "two,sed", "wrong number of fields"},
	} {
		_, err := ReadCSV("s.csv", strings.NewReader(strings.Replace(recorded, test.old, test.new, 1)))
		require.ErrorIs(t, err, ErrRecorded)
		require.ErrorContains(t, err, test.want)
	}
}

// FuzzReadCSV: no recorded study makes a panic, and what is read of one is positive
// means whose ratios are computed.
func FuzzReadCSV(f *testing.F) {
	f.Add(recorded)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ReadCSV("s.csv", strings.NewReader(text))
		if err != nil {
			require.ErrorIs(t, err, ErrRecorded)
			return
		}
		for k := range r.Scenarios {
			for _, target := range r.Scenarios[k].Targets {
				require.Positive(t, slices.Min(target.Means))
				r.Scenarios[k].Ratio(target.Name)
			}
		}
		require.NoError(t, (&Recorded{}).Join(r))
	})
}
