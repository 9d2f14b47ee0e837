package workload

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, path string
		want          bool
	}{
		{"/wiki/*", "/wiki/", true},
		{"/wiki/*", "/wiki/A/B", true},
		{"/wiki/*", "/wik", false},
		{"*.css", "/a/b.css", true},
		{"*.css", "/a/b.css.gz", false},
		{"/x", "/x", true},
		{"/x", "/x/", false},
		{"*", "/", true},
		{"/a*a", "/a", false},
		{"/a*b*c", "/aXbYc", true},
		{"/a*bc*bc", "/abc", false},
	} {
		p, err := NewPattern(test.pattern)
		require.NoError(t, err)
		require.Equal(t, test.want, p.Matches([]byte(test.path)), "%s on %s", test.pattern, test.path)
	}
	for _, text := range []string{"", "wiki", "/x?n=1", "/x#y", "/a\tb", "/" + strings.Repeat("x", maxPattern)} {
		_, err := NewPattern(text)
		require.Error(t, err, text)
	}
}

// TestPatternIsARegexp compares with regexp on random patterns and paths.
func TestPatternIsARegexp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := "/" + rapid.StringOfN(rapid.RuneFrom([]rune("ab**.")), 0, 8, -1).Draw(rt, "pattern")
		path := "/" + rapid.StringOfN(rapid.RuneFrom([]rune("ab.")), 0, 10, -1).Draw(rt, "path")
		p, err := NewPattern(text)
		require.NoError(rt, err)
		same := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, ".*") + "$")
		require.Equal(rt, same.MatchString(path), p.Matches([]byte(path)))
	})
}

func TestPaths(t *testing.T) {
	t.Parallel()
	p, err := NewPaths([][]string{{"/wiki/*", "/w/index.php"}, {"*.css", "/wiki/*"}, nil})
	require.NoError(t, err)
	for path, want := range map[string]int{"/wiki/a.css": 0, "/w/index.php": 0, "/a.css": 1, "/": 2, "": 2} {
		require.Equal(t, want, p.Class([]byte(path)), path)
	}
	p, err = NewPaths([][]string{{"/a"}, {"/b"}})
	require.NoError(t, err)
	require.Equal(t, -1, p.Class([]byte("/c")))
	_, err = NewPaths([][]string{nil, {"/b"}})
	require.EqualError(t, err, "class 0 has no pattern: only the last may take every path")
	_, err = NewPaths([][]string{{"b"}})
	require.EqualError(t, err, `pattern "b": must begin with / or *`)
}
