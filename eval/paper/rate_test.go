package paper

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTablesByRate: Tables 14 and 15 alone are by rate, and overloaded from 2377 queries/s
// on, where published means are no longer a few times those of idle servers.
func TestTablesByRate(t *testing.T) {
	t.Parallel()
	for _, number := range Numbers() {
		table := mustGet(t, number)
		require.Equal(t, number == 14 || number == 15, table.ByRate(), number)
		if !table.ByRate() {
			require.Equal(t, len(table.Columns), table.Overload())
			continue
		}
		rate, ok := table.Columns[table.Overload()].Rate()
		require.True(t, ok)
		require.Equal(t, 2377.484, rate)
	}
}
