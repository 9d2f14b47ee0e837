package report

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestParse: what a shell and a program send is read; what is no message is refused, with
// its reason.
func TestParse(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("s", maxServer)
	for text, want := range map[string]Message{
		"fairlb-report 1 web1 0":                          {Server: []byte("web1")},
		"fairlb-report 1 web1 17\n":                       {Server: []byte("web1"), Requests: 17},
		"fairlb-report 1 127.0.0.1:80 17 3\n":             {Server: []byte("127.0.0.1:80"), Requests: 17, Sequence: 3},
		"fairlb-report 1 [::1]:80 2147483647":             {Server: []byte("[::1]:80"), Requests: math.MaxInt32},
		"fairlb-report 1 wëb 1 18446744073709551615":      {Server: []byte("wëb"), Requests: 1, Sequence: math.MaxUint64},
		"fairlb-report 1 " + name + " 2147483647 1844674": {Server: []byte(name), Requests: math.MaxInt32, Sequence: 1844674},
	} {
		m, err := Parse([]byte(text))
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, m, "%q", text)
		back, err := Parse(Append(nil, m))
		require.NoError(t, err)
		require.Equal(t, m, back)
	}
	for _, text := range []string{
		"", "\n", "fairlb-report", "fairlb-report 1", "fairlb-report 1 web1", "fairlb-report 1 web1 ", "fairlb-report 1  1", "fairlb-report 1 web1 -1",
		"fairlb-report 1 web1 +1", "fairlb-report 1 web1 01", "fairlb-report 1 web1 1.0", "fairlb-report 1 web1 2147483648", "fairlb-report 1 web1 1 0",
		"fairlb-report 1 web1 1 ", "fairlb-report 1 web1 1 -", "fairlb-report 1 web1 1 2 3", "fairlb-report 1 web1 1 18446744073709551616",
		"fairlb-report 1 web1 1\n\n", "fairlb-report 1 web1 1\r\n", " fairlb-report 1 web1 1", "fairlb-report x web1 1", "fairlb-report 01 web1 1",
		"fairlb-reports 1 web1 1", "fairlb-report 1 we\tb 1", "fairlb-report 1 we\x7fb 1", "fairlb-report 1 " + name + "s 1", "FAIRLB-REPORT 1 web1 1",
		"fairlb-report 1 web1 1" + strings.Repeat("\n", MaxBytes),
	} {
		_, err := Parse([]byte(text))
		require.ErrorIs(t, err, ErrMalformed, "%q", text)
	}
	for _, text := range []string{"fairlb-report 2 web1 1", "fairlb-report 0 web1 1", "fairlb-report 10 anything at all"} {
		_, err := Parse([]byte(text))
		require.ErrorIs(t, err, ErrVersion, "%q", text)
	}
}

// TestLongest: the longest message fits into what is read.
func TestLongest(t *testing.T) {
	t.Parallel()
	longest := Append(nil, Message{Server: []byte(strings.Repeat("s", maxServer)), Requests: math.MaxInt32, Sequence: math.MaxUint64})
	require.LessOrEqual(t, len(longest), MaxBytes)
	_, err := Parse(longest)
	require.NoError(t, err)
}

// TestParseAllocatesNothing: a message costs no memory.
func TestParseAllocatesNothing(t *testing.T) {
	text := []byte("fairlb-report 1 127.0.0.1:80 17 3\n")
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Parse(text) }))
}

// FuzzParse: whatever bytes come, what is taken for a message is one, and is the same when
// it is written and read again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"fairlb-report 1 web1 17 3\n", "fairlb-report 1 [::1]:80 0", "fairlb-report 2 x 1", "fairlb-report 1 web1 99999999999", "\x00\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, m.Requests, int32(0))
		require.NotEmpty(t, m.Server)
		require.NotContains(t, string(m.Server), " ")
		again := Append(nil, m)
		require.Equal(t, strings.TrimSuffix(string(b), "\n"), strings.TrimSuffix(string(again), "\n"), "there is one way to say it")
		back, err := Parse(again)
		require.NoError(t, err)
		require.Equal(t, m, back)
	})
}
