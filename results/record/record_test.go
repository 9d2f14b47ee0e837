package record

import (
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type round struct {
	Episode int     `json:"episode"`
	Mean    float64 `json:"mean"`
}

func header() Header {
	return Header{
		Kind:         "train",
		Command:      []string{"fairlb", "train", "a b.yaml"},
		Settings:     json.RawMessage(`{"sac":{"gamma":0.9}}`),
		SettingsHash: "abc",
		Seeds:        []uint64{1, math.MaxUint64},
		Started:      time.Date(2026, 11, 23, 3, 4, 5, 0, time.UTC),
	}
}

// write makes a record of two rows and returns its path.
func write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.jsonl")
	w, err := Create(path, header(), false)
	require.NoError(t, err)
	require.NoError(t, w.Write("round", round{1, 1.5}))
	require.NoError(t, w.Write("done", struct{}{}))
	require.NoError(t, w.Close())
	return path
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	path := write(t)
	r, err := Read(path)
	require.NoError(t, err)
	require.False(t, r.Truncated)

	want := header()
	want.Format, want.Go, want.Platform = 2, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	require.NotEmpty(t, r.Header.Version)
	want.Version, want.Build = r.Header.Version, Build()
	require.Regexp(t, "^[0-9a-f]{12}$", want.Build)
	require.Equal(t, Program(), r.Header.Program())
	require.Equal(t, "v1, build unknown", (&Header{Version: "v1"}).Program())
	require.Equal(t, want, r.Header)

	require.Len(t, r.Rows, 2)
	require.Equal(t, Row{"round", json.RawMessage(`{"row":"round","episode":1,"mean":1.5,"sum":"` + r.Rows[0].sum() + `"}`), 2}, r.Rows[0])
	require.Equal(t, Row{"done", json.RawMessage(`{"row":"done","sum":"` + r.Rows[1].sum() + `"}`), 3}, r.Rows[1])
	var got round
	require.NoError(t, r.Rows[0].Decode(&got))
	require.Equal(t, round{1, 1.5}, got)
	require.ErrorContains(t, r.Rows[0].Decode(new(int)), `record: line 2: row "round": `)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), `{"kind":"train","format":2,"command":["fairlb","train","a b.yaml"],"settings":{"sac":{"gamma":0.9}},`), "%s", text)
	require.Contains(t, string(text), `"started":"2026-11-23T03:04:05Z"`)
}

func TestRowsAreThereBeforeClose(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.jsonl")
	w, err := Create(path, header(), false)
	require.NoError(t, err)
	defer w.Close()
	require.NoError(t, w.Write("round", round{}))
	r, err := Read(path)
	require.NoError(t, err)
	require.Len(t, r.Rows, 1)
}

func TestCreateDoesNotOverwrite(t *testing.T) {
	t.Parallel()
	path := write(t)
	_, err := Create(path, header(), false)
	require.ErrorIs(t, err, ErrExists)
	require.EqualError(t, err, "record: "+path+": a record is there already")
	r, err := Read(path)
	require.NoError(t, err)
	require.Len(t, r.Rows, 2)

	w, err := Create(path, header(), true)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, err = Read(path)
	require.NoError(t, err)
	require.Empty(t, r.Rows)
}

// TestCrash cuts a record at every byte: a cut in the last line is a warning,
// Resume writes on after the whole lines, and only a cut header is an error.
func TestCrash(t *testing.T) {
	t.Parallel()
	path := write(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(whole), "\n")
	for n := range whole {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		r, err := Read(path)
		if n < len(lines[0]) {
			require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
			continue
		}
		require.NoError(t, err, "%d bytes", n)
		rows := strings.Count(string(whole[:n]), "\n") - 1
		require.Len(t, r.Rows, rows)
		require.Equal(t, whole[n-1] != '\n', r.Truncated, "%d bytes", n)

		w, err := Resume(path, rows)
		require.NoError(t, err)
		require.NoError(t, w.Write("round", round{7, 7}))
		require.NoError(t, w.Close())
		r, err = Read(path)
		require.NoError(t, err)
		require.False(t, r.Truncated)
		require.Len(t, r.Rows, rows+1)
	}
}

// TestResume: the rows behind those that a run goes on from are removed, and
// what it writes again gives the same bytes; a record that lacks rows is left
// as it is.
func TestResume(t *testing.T) {
	t.Parallel()
	path := write(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for rows := range 3 {
		require.NoError(t, os.WriteFile(path, append(whole[:len(whole):len(whole)], `{"row":"cut`...), 0o600))
		w, err := Resume(path, rows)
		require.NoError(t, err)
		r, err := Read(path)
		require.NoError(t, err)
		require.Len(t, r.Rows, rows)
		if rows < 1 {
			require.NoError(t, w.Write("round", round{1, 1.5}))
		}
		if rows < 2 {
			require.NoError(t, w.Write("done", struct{}{}))
		}
		require.NoError(t, w.Sync())
		require.NoError(t, w.Close())
		require.ErrorIs(t, w.Sync(), os.ErrClosed)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(whole), string(got))
	}
	_, err = Resume(path, 3)
	require.ErrorIs(t, err, ErrRows)
	require.EqualError(t, err, path+": rows are missing: there are 2, the run had written 3")
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(whole), string(got))
	_, err = Resume(filepath.Join(t.TempDir(), "none"), 0)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	head := `{"kind":"eval","format":1}` + "\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", ":1: malformed record: no header"},
		{"no header", `{"row":"round"}` + "\n", ":1: malformed record: not the header of a record of a format from 1 to 2"},
		{"later format", `{"kind":"eval","format":3}` + "\n", ":1: malformed record: not the header of a record of a format from 1 to 2"},
		{"broken line", head + "{\"row\":\"a\"}\n{\"row\":\n{\"row\":\"b\"}\n", ":3: malformed record: unexpected end of JSON input"},
		{"broken whole last line", head + "{\"row\":\n", ":2: malformed record: unexpected end of JSON input"},
		{"no type", head + "{}\n", `:2: malformed record: a row must name its type in "row"`},
		{"blank line", head + "\n", ":2: malformed record: unexpected end of JSON input"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "r.jsonl")
			require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o600))
			_, err := Read(path)
			require.ErrorIs(t, err, ErrMalformed)
			require.EqualError(t, err, path+tt.want)
			_, err = Resume(path, 0)
			require.ErrorIs(t, err, ErrMalformed)
		})
	}
	_, err := Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	w, err := Create(filepath.Join(t.TempDir(), "run.jsonl"), header(), false)
	require.NoError(t, err)
	require.EqualError(t, w.Write("round", 3), `record: row "round": int is not a JSON object`)
	require.EqualError(t, w.Write("round", nil), `record: row "round": <nil> is not a JSON object`)
	require.EqualError(t, w.Write("round", map[string]int{"row": 1}), `record: row "round": map[string]int has a field "row" of its own`)
	require.EqualError(t, w.Write("round", round{Mean: math.NaN()}), `record: row "round": json: unsupported value: NaN`)
	require.NoError(t, w.Write("round", round{}))
	require.NoError(t, w.Close())
	require.ErrorIs(t, w.Write("round", round{}), os.ErrClosed)

	h := header()
	h.Settings = json.RawMessage("{")
	_, err = Create(filepath.Join(t.TempDir(), "run.jsonl"), h, false)
	require.ErrorContains(t, err, "record: header of ")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{}
	require.Equal(t, "(devel)", version(info))
	require.Empty(t, commit(info))
	require.Regexp(t, `^unknown$|^[0-9a-f]{12}(\+dirty)?$`, Commit())
	info.Main.Version = "v1.2.3"
	info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}}
	require.Equal(t, "v1.2.3 0123456789ab", version(info))
	info.Settings = append(info.Settings, debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	require.Equal(t, "v1.2.3 0123456789ab+dirty", version(info))
	require.Equal(t, "0123456789ab+dirty", commit(info))
}

// sum is what the line of a row says of itself.
func (r Row) sum() string {
	var line struct{ Sum string }
	_ = json.Unmarshal(r.JSON, &line) // Read has read it
	return line.Sum
}

// TestSums: whatever byte of a record is changed, and whichever line is taken
// out, put twice or moved, reading it fails, or the record is as long as it was
// and means the same. Records without sums are read as they are, and stay so.
func TestSums(t *testing.T) {
	t.Parallel()
	path := write(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	want, err := Read(path)
	require.NoError(t, err)
	for k := range whole {
		changed := append([]byte(nil), whole...)
		changed[k] ^= 1
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		got, err := Read(path)
		if err == nil {
			require.True(t, got.Truncated, "byte %d", k)
			require.Equal(t, want.Rows[:len(got.Rows)], got.Rows)
		}
	}
	lines := strings.SplitAfter(string(whole), "\n")[:3]
	for _, order := range [][]int{{0, 2}, {0, 1, 1, 2}, {0, 2, 1}} {
		text := ""
		for _, k := range order {
			text += lines[k]
		}
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := Read(path)
		require.ErrorContains(t, err, "was changed, or a line before it")
	}

	old := `{"kind":"train","format":1}` + "\n" + `{"row":"round","episode":1}` + "\n"
	require.NoError(t, os.WriteFile(path, []byte(old), 0o600))
	w, err := Resume(path, 1)
	require.NoError(t, err)
	require.NoError(t, w.Write("done", struct{}{}))
	require.NoError(t, w.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, old+`{"row":"done"}`+"\n", string(text))
}

// FuzzRead: whatever is in a file, reading ends, and what is read of a record has
// its header and lines in their order.
func FuzzRead(f *testing.F) {
	whole, err := os.ReadFile(write(f))
	require.NoError(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "run.jsonl")
		require.NoError(t, os.WriteFile(path, data, 0o666))
		r, err := Read(path)
		if err != nil {
			return
		}
		require.NotEmpty(t, r.Header.Kind)
		last := 1
		for _, row := range r.Rows {
			require.Greater(t, row.Line, last)
			last = row.Line
		}
	})
}
