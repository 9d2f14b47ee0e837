package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFiguresRefuse(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"8", "--run", "sed"}, `--run "sed": is shown already`},
		{[]string{"2a", "--run", dir}, "--run: only figures 4b, 8 and 12 show runs"},
		{[]string{"2a", "2a"}, `figure "2a" is given twice`},
	} {
		_, _, err := command(t, append([]string{"figures", "--out", dir}, test.args...)...)
		require.EqualError(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err))
	}
}
