package eval

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCheck: a kept evaluation passes, and any of its parts that does not belong
// to the others is found.
func TestCheck(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/classes.json")
	require.NoError(t, err)
	for _, test := range []struct {
		want   string
		damage func(e *Evaluation)
	}{
		{"", func(*Evaluation) {}},
		{"per_seed has 5 values for 4 seeds", func(e *Evaluation) { e.Seeds = e.Seeds[1:] }},
		{`its first class must be "all"`, func(e *Evaluation) { e.Results[0].Classes = nil }},
		{`its first class must be "all"`, func(e *Evaluation) { e.Results[0].Classes = e.Results[0].Classes[1:] }},
		{`the class "wiki" is there twice`, func(e *Evaluation) { e.Results[1].Classes[2] = e.Results[1].Classes[1] }},
		{"per_seed_p95 has 0 values", func(e *Evaluation) { e.Results[0].Classes[1].PerSeedP95 = nil }},
		{"per_seed has the value -1", func(e *Evaluation) { e.Results[0].Classes[0].PerSeed[2] = -1 }},
		{"per_seed_p99 has the value +Inf", func(e *Evaluation) { e.Results[0].Classes[0].PerSeedP99[2] = math.Inf(1) }},
		{"completed.per_seed_p99 has 0 values", func(e *Evaluation) { e.Results[0].Classes[0].Completed.PerSeedP99 = nil }},
		{"completed.per_seed has the value -3", func(e *Evaluation) { e.Results[0].Classes[0].Completed.PerSeed[1] = -3 }},
		{"", func(e *Evaluation) { e.Results[0].Classes[0].Completed = nil }},
		{"551 of 550 requests failed", func(e *Evaluation) { e.Results[0].Classes[0].Failed = 551 }},
		{"per_seed_n has 1 values for 5 seeds", func(e *Evaluation) { e.Results[0].Classes[0].PerSeedN = []uint64{550} }},
		{"a completion time of -2 s", func(e *Evaluation) { e.Results[0].Classes[0].P50 = -2 }},
	} {
		var e Evaluation
		require.NoError(t, json.Unmarshal(data, &e))
		test.damage(&e)
		err := e.Check()
		if test.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrDamaged)
		require.ErrorContains(t, err, test.want)
	}
}

// TestReadJSON: an evaluation that was written is read as it was; what is none is refused
// by the name of its file.
func TestReadJSON(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/classes.json")
	require.NoError(t, err)
	e, err := ReadJSON("a.json", bytes.NewReader(data))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, e.WriteJSON(&b))
	again, err := ReadJSON("b.json", &b)
	require.NoError(t, err)
	require.Equal(t, e, again)
	for text, want := range map[string]string{
		"{}":               "c.json: has no results",
		`{"seeds": "all"}`: "c.json: json",
		string(data[:99]):  "c.json: unexpected EOF",
		`{"results": [{"target": "sed", "classes": {"wiki": {}}}]}`: `c.json: eval: damaged evaluation: "sed": its first class`,
	} {
		_, err := ReadJSON("c.json", strings.NewReader(text))
		require.ErrorIs(t, err, ErrDamaged)
		require.ErrorContains(t, err, want)
	}
}

// FuzzCheck: no report makes a panic, and one that passes is written and read as
// it is.
func FuzzCheck(f *testing.F) {
	data, err := os.ReadFile("testdata/classes.json")
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"seeds":[1,2],"results":[{"target":"sed","classes":{"all":{"n":2,"mean":1,"per_seed":[1,null],"per_seed_p95":[1,2],"per_seed_p99":[1,2]}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e Evaluation
		if json.Unmarshal(data, &e) != nil {
			return
		}
		if err := e.Check(); err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		for k := range e.Results {
			_ = e.Results[k].Class(AllClasses).N
		}
		written, err := json.Marshal(e)
		require.NoError(t, err)
		var again Evaluation
		require.NoError(t, json.Unmarshal(written, &again))
		require.NoError(t, again.Check())
	})
}

// TestCompletedFigures: figures that were made before those without failures were kept
// stand for them where nothing failed, and for nothing else.
func TestCompletedFigures(t *testing.T) {
	t.Parallel()
	f := Figures{N: 3, PerSeed: Series{1}, PerSeedP95: Series{2}, PerSeedP99: Series{3}}
	got, ok := f.CompletedFigures()
	require.True(t, ok)
	require.Equal(t, Completed{Series{1}, Series{2}, Series{3}}, got)
	f.Failed = 1
	_, ok = f.CompletedFigures()
	require.False(t, ok)
	f.Completed = &Completed{PerSeed: Series{0.5}}
	got, ok = f.CompletedFigures()
	require.True(t, ok)
	require.Equal(t, Series{0.5}, got.PerSeed)
}
