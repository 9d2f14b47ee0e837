package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/results/text"
)

// TestLabels: paths are shortened as far as they can be told apart.
func TestLabels(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, test := range []struct{ names, want []string }{
		{nil, []string{}},
		{[]string{"wcmp", "Distr-LB VBF"}, []string{"wcmp", "Distr-LB VBF"}},
		{[]string{"sed", "/a/long/path/runs/a-seed1", "runs/a-seed2/"}, []string{"sed", "a-seed1", "a-seed2"}},
		{[]string{"sed", "runs/sed"}, []string{"sed", "runs/sed"}},
		{[]string{"/x/one/run", "/y/one/run", "/y/two/run"}, []string{"x/one/run", "y/one/run", "two/run"}},
		{[]string{"/x/a-seed1/policy.safetensors", "/x/a-seed2/policy.safetensors", "policy.safetensors"},
			[]string{"a-seed1", "a-seed2", "policy.safetensors"}},
		{[]string{"/x/a/policy.safetensors", "/x/a/best.safetensors", "/y/a"}, []string{"a/policy.safetensors", "a/best.safetensors", "a"}},
		{[]string{"/x/a/best.safetensors", "/x/a/"}, []string{"a/best.safetensors", "a"}},
		{[]string{"runs/" + x(60), "runs/" + x(60) + "y"}, []string{x(12) + "…" + x(35), x(12) + "…" + x(34) + "y"}},
		{[]string{"runs/" + x(60) + "a" + x(60), "runs/" + x(60) + "b" + x(60)}, []string{x(12) + "…" + x(35), x(12) + "…" + x(31) + " (2)"}},
	} {
		got := text.Labels(test.names)
		require.Equal(t, test.want, got)
		for _, label := range got {
			require.LessOrEqual(t, utf8.RuneCountInString(label), 48)
		}
	}
}
